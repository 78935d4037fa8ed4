"""Every refusal of the gateway: HTTP status, code and message.

Messages are TikTok Shop's wording, as clients are told to tell codes apart by it. The
gateway writes single quotes and ends every message with the same suffix.
"""

from __future__ import annotations

from enum import Enum

SUFFIX = " For more details: https://m.tiktok.shop/s/AIu6dbFhs2XW"


class Why(Enum):
    """Why a call is refused: status, code, message."""

    UNKNOWN_PATH = 404, 36009009, "Invalid path. The specified path does not match any available endpoint."
    WRONG_METHOD = 405, 36009010, "Invalid method. The HTTP method used is not supported by this endpoint."
    UNKNOWN_APP = 400, 36009004, "Invalid credentials. Invalid 'app_key' query parameter."
    TIMESTAMP_EARLY = (
        400,
        36009004,
        "Invalid timestamp. The value of the 'timestamp' query parameter must not be earlier than 5 minutes "
        "before the current time.",
    )
    TIMESTAMP_LATE = (
        400,
        36009004,
        "Invalid timestamp. The value of the 'timestamp' query parameter must not exceed the current time by "
        "more than 30 seconds.",
    )
    TIMESTAMP_NEGATIVE = (
        400,
        36009004,
        "Invalid timestamp. The value of the 'timestamp' query parameter must not be lesser than 0.",
    )
    UNSIGNED = (
        401,
        36009004,
        "Missing credentials. The request does not include a required signature in the query.",
    )
    WRONG_SIGN = 401, 106001, "Invalid credentials. The 'sign' query parameter is invalid."
    NO_TOKEN = 401, 36009004, "Invalid credentials. The 'x-tts-access-token' header is invalid."
    UNKNOWN_TOKEN = 401, 36009005, "Invalid credentials. The 'access_token' header is invalid."
    EXPIRED_TOKEN = (
        401,
        105002,
        "Expired credentials. The 'access_token' or 'x-tts-access-token' header has expired.",
    )
    NO_SCOPE = (
        401,
        105005,
        "Access denied. The app is not authorized to access the endpoint because the access scopes granted for "
        "the app or the access token do not contain the required access scope.",
    )
    NO_CIPHER = (
        400,
        106013,
        "Missing identifier. The 'shop_cipher' query parameter is required to identify the target shop.",
    )
    NEEDLESS_CIPHER = (
        400,
        36009004,
        "Unexpected identifier. The 'shop_cipher' query parameter is not required for this request.",
    )
    # Which of three codes a foreign cipher meets is not known: `Behaviour.wrong_cipher_code` decides.
    WRONG_CIPHER = 400, 36009004, "Invalid identifier. The 'shop_cipher' query parameter is invalid."
    INVALID = 400, 36009004, "invalid param error"
    BODY_TOO_BIG = 400, 36009021, "Invalid body. The request body is too large."
    BODY_NOT_JSON = 400, 36009022, "Invalid body. The request body must be JSON or multipart form data."
    THROTTLED = 429, 36009002, "Too many requests. You've made too many requests in a short period of time."
    # The table of errors names these four; their wording here is ours, but for the third.
    INACTIVE_SHOP = 401, 36009043, "Access denied. The shop is inactive."
    INACTIVE_SELLER = 401, 36009044, "Access denied. The seller is inactive."
    FOREIGN_ADDRESS = (
        401,
        36009033,
        "Access denied. Your IP address is not in the IP allow list configured for this app.",
    )
    QUOTA = 429, 36009037, "Too many requests. The hourly quota of this test shop is used up."
    INTERNAL = (
        500,
        36009003,
        "Internal error. Please try again. If the issue persists after multiple attempts, please contact "
        "platform support.",
    )
    # Which code a shop in South East Asia meets is not known; this is the only one of finance that is.
    NO_PAYMENTS = 200, 22005007, "merchant not exist"
    TOO_MANY_STOCK_SKUS = 200, 12019015, "The number of SKU exceed the limit"
    TOO_MANY_SELLER_SKUS = 200, 12019027, 'The maximum count of "seller_skus" in the search filter is 10.'
    TOO_MANY_SKUS = 200, 12019087, "The number of SKU IDs exceeds the limit of 10"
    CREATE_TIME = 200, 12019118, "search create time invalid"
    UPDATE_TIME = 200, 12019119, "search update time invalid"
    TOO_MANY_PRODUCTS = 200, 12019120, "The number of provided product IDs exceeds the limit."
    TOO_MANY_RESULTS = 200, 12019123, "product of pageSize and pageNumber exceeds the maximum limit"
    NO_PRODUCT = 200, 12019150, "The product ID does not exist."
    WRONG_INPUT = 200, 12052910, "Invalid input parameters. Refer to the API documentation for details."
    FOREIGN_ORDER = 200, 21008111, "The order or package does not belong to the current seller."


# Domain services answer in their own words, without the gateway's suffix; their codes have eight digits.
_DOMAIN = frozenset(why for why in Why if int(why.value[0]) == 200)


class Refusal(Exception):
    """A call that is refused. The hint goes into a header of ours, never into the body."""

    def __init__(self, why: Why, hint: str = "", *, status: int = 0, code: int = 0, retry_after: int = 0) -> None:
        default_status, default_code, text = why.value
        super().__init__(text)
        self.why = why
        self.hint = hint
        self.retry_after = retry_after
        self.status = status or default_status
        self.code = code or default_code
        self.message = text if why in _DOMAIN else text + SUFFIX
