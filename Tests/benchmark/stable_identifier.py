"""Short names as the agent derives them."""

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def derive(*parts):
    """Thirteen characters of Crockford's base 32 over the 64-bit FNV-1a hash of the parts."""
    value = 0xCBF29CE484222325
    for part in parts:
        for byte in part.encode() + b"\0":
            value = (value ^ byte) * 0x100000001B3 % (1 << 64)
    return "".join(_ALPHABET[value >> place & 31] for place in range(60, -1, -5))


def page_key(incident_key):
    """What a status page keeps an incident under."""
    return "LK-" + derive(incident_key)
