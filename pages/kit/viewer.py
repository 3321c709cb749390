"""Who is looking: the same browser is the same viewer, also after a reload."""

import hashlib
import secrets

import streamlit as st

XSRF = "_streamlit_xsrf"


def viewer() -> str:
    """A name for the visitor's browser that tells nothing about them, the same for all its tabs.

    Taken from the cookie Streamlit gives every browser; without it (cookies blocked) every session is a viewer of
    its own, and a reload starts afresh.
    """
    if "seqlab.viewer" not in st.session_state:
        token = _token(st.context.cookies.get(XSRF, "")) or secrets.token_bytes(16)
        st.session_state["seqlab.viewer"] = hashlib.sha256(token).hexdigest()[:24]
    return st.session_state["seqlab.viewer"]


def _token(cookie: str) -> bytes | None:
    """The token behind the cookie "2|mask|masked|time", which is masked anew in every response."""
    try:
        version, mask, masked, _ = cookie.split("|")
        mask, masked = bytes.fromhex(mask), bytes.fromhex(masked)
    except ValueError:
        return None
    if version != "2" or not mask:
        return None
    return bytes(byte ^ mask[i % len(mask)] for i, byte in enumerate(masked))
