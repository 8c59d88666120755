"""Credentials of sources by which interfaces of platforms are asked. The keys are made for the run."""

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

_PKCS8 = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
_PUBLIC = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
_RSA_KEY = rsa.generate_private_key(65537, 2048)
_EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_PUBLIC = _RSA_KEY.public_key().public_bytes(*_PUBLIC).decode()
EC_PUBLIC = _EC_KEY.public_key().public_bytes(*_PUBLIC).decode()

TRUSTPILOT_KEYS = {"api_key": "canary-key", "api_secret": "canary-secret", "business_user_id": "canary-user"}
PLAY_KEYS = {
    "package_name": "com.example.shop",
    "client_email": "plaudit@shop.iam.gserviceaccount.com",
    "private_key": _RSA_KEY.private_bytes(*_PKCS8).decode(),
}
GOOGLE_KEYS = {
    "client_id": "canary-client",
    "client_secret": "canary-secret",
    "refresh_token": "canary-refresh",
}
APP_STORE_KEYS = {
    "issuer_id": "canary-issuer",
    "key_id": "canary-key",
    "private_key": _EC_KEY.private_bytes(*_PKCS8).decode(),
}
