# Copyright 2026 The privacy_consent authors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Time stamps of RFC 3161: somebody else says since when there is a seal.

What an authority answers is checked before it is stored: that it is about this seal and
this request, and that the certificate in it signed it while it was valid. Whether that
certificate is an authority's, is for whoever trusts it to check, by ``openssl ts``.
"""

import hashlib
import hmac
import secrets

from asn1crypto import cms, core, tsp
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

REQUEST_TYPE = "application/timestamp-query"
_GRANTED = ("granted", "granted_with_mods")
_STRONG = hashes.SHA256(), hashes.SHA384(), hashes.SHA512()
_HASHES = {one.name: one for one in _STRONG}


class StampError(ValueError):
    """An answer that is no time stamp of what was asked for."""


class _Response(core.Sequence):
    # In a refusal there is no token.
    _fields = [
        ("status", tsp.PKIStatusInfo),
        ("token", cms.ContentInfo, {"optional": True}),
    ]


def stamp_request(data):
    """Ask for a time stamp.

    :param bytes data: what there is now
    :return: the bytes to send, and the nonce that the answer must have
    """
    nonce = secrets.randbits(63)
    request = tsp.TimeStampReq(
        {
            "version": "v1",
            "message_imprint": {
                "hash_algorithm": {"algorithm": "sha256"},
                "hashed_message": hashlib.sha256(data).digest(),
            },
            "nonce": nonce,
            "cert_req": True,
        }
    )
    return request.dump(), nonce


def check_stamp(answer, data, nonce=None):
    """Check what an authority answered.

    :param bytes answer: as it came, or as it was stored
    :param bytes data: what was stamped
    :param int nonce: of the request, if it is known
    :return: the time, in UTC
    :rtype: datetime.datetime
    :raise StampError: if it is no time stamp of this
    """
    try:
        response = _Response.load(answer, strict=True)
        status = response["status"]["status"].native
        if status not in _GRANTED:
            raise StampError(f"The authority refused: {_reason(response['status'])}")
        signed = response["token"]["content"]
        content = signed["encap_content_info"]
        if content["content_type"].native != "tst_info":
            raise StampError("The answer has no time stamp.")
        return _check_signed(signed, content["content"], data, nonce)
    except StampError:
        raise
    # Garbage fails in whatever part first looks at it.
    except Exception as error:
        raise StampError("The answer is no time stamp.") from error


def _reason(status):
    words = status["status_string"].native or [status["fail_info"].native or ""]
    text = " ".join(str(word) for word in words) or status["status"].native
    return "".join(one for one in text if one.isprintable())[:200]


def _check_signed(signed, content, data, nonce):
    info = content.parsed
    imprint = info["message_imprint"]
    algorithm = imprint["hash_algorithm"]["algorithm"].native
    if algorithm != "sha256" or not hmac.compare_digest(
        imprint["hashed_message"].native, hashlib.sha256(data).digest()
    ):
        raise StampError("The time stamp is about something else.")
    if nonce is not None and info["nonce"].native != nonce:
        raise StampError("The time stamp is the answer to another request.")
    (signer,) = signed["signer_infos"]
    certificate = _certificate(signed["certificates"], signer["sid"])
    _check_digest(signer, content.contents)
    _check_signature(signer, certificate)
    moment = info["gen_time"].native
    if not certificate.not_valid_before <= moment <= certificate.not_valid_after:
        raise StampError("The certificate of the authority has expired.")
    return moment.replace(tzinfo=None)


def _certificate(certificates, signer_id):
    wanted = signer_id.chosen
    for choice in certificates:
        found = choice.chosen
        if signer_id.name == "subject_key_identifier":
            is_signer = found.key_identifier == wanted.native
        else:
            stated = wanted["issuer"], wanted["serial_number"].native
            is_signer = (found.issuer, found.serial_number) == stated
        if is_signer:
            return found
    raise StampError("The answer lacks the certificate of the authority.")


def _check_digest(signer, content):
    algorithm = signer["digest_algorithm"]["algorithm"].native
    stated = {one["type"].native: one["values"] for one in signer["signed_attrs"]}
    found = _HASHES.get(algorithm) and hashlib.new(algorithm, content).digest()
    if not found or stated["message_digest"][0].native != found:
        raise StampError("The signature of the time stamp is about something else.")


def _check_signature(signer, certificate):
    key = serialization.load_der_public_key(certificate.public_key.dump())
    digest = _HASHES[signer["digest_algorithm"]["algorithm"].native]
    # What is signed is the set, whatever tag it has in the message.
    signed = signer["signed_attrs"].untag().dump()
    signature = signer["signature"].native
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, padding.PKCS1v15(), digest)
        else:
            key.verify(signature, signed, ec.ECDSA(digest))
    except InvalidSignature as error:
        raise StampError("The signature of the time stamp is wrong.") from error
