"""SSH signatures: made by ``ssh-keygen`` (file, agent or hardware key), checked in-process where that is possible.

Ed25519 is checked by libsodium, in half of OpenSSL's time (a long log is mostly that), RSA by ``sshsig``, other key
types by ``ssh-keygen -Y check-novalidate``.
Whom a key belongs to is never decided here: that is the policy's word.
"""

from __future__ import annotations

import atexit
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from msgspec import Struct

from govkit.core import keys
from govkit.core.errors import Malformed, Refused, Usage

EVENT_NAMESPACE = "govkit-event"
TAG_NAMESPACE = "git"


class SigningKey(Struct, frozen=True):
    """A key to sign with.

    Attributes:
        path: the private key's file, or the public one whose private part an agent or a hardware key holds.
        public: ``TYPE BASE64``.
    """

    path: Path
    public: str

    def sign(self, message: bytes, namespace: str) -> bytes:
        """Return an armoured signature over ``message``.

        Raises:
            Refused: if ``ssh-keygen`` cannot sign; with what it said.
        """
        if self.public.startswith("sk-") and sys.stderr.isatty():
            sys.stderr.write("Touch your hardware key to sign.\n")
        command = ["ssh-keygen", "-Y", "sign", "-n", namespace, "-f", str(self.path)]
        done = subprocess.run(command, input=message, capture_output=True, check=False, env=_environment())
        if done.returncode != 0:
            raise self._refusal(done.stderr.decode("utf-8", "replace").strip().splitlines())
        try:
            signature = keys.armour(keys.dearmour(done.stdout))
            if signer_of(message, signature, namespace) != self.public:
                raise Malformed("another key signed")
        except Malformed as error:
            raise Refused(f"the signature made with {self.path} is not good", why=str(error)) from error
        return signature

    def _refusal(self, said: list[str]) -> Refused:
        """Return why there is no signature; that others can read a key stands before the last line that was said."""
        fix = "unlock it with 'ssh-add', or name another with --key FILE"
        why = said[-1] if said else "ssh-keygen said nothing"
        for text in said:
            if text.endswith("are too open."):
                why, fix = text, f"see to it that only you can read it: chmod 600 {shlex.quote(str(self.path))}"
        return Refused(f"the key {self.path} did not sign", why=why, fix=fix)


def _environment() -> dict[str, str]:
    """Nobody is prompted where there is no terminal."""
    never = {} if sys.stdin is not None and sys.stdin.isatty() else {"SSH_ASKPASS_REQUIRE": "never"}
    return {**os.environ, **never}


def load_key(name: str, *, base: Path | None = None) -> SigningKey:
    """Return the key in a file, or the literal key that Git's ``user.signingkey`` may hold.

    Args:
        name: a path, or ``key::TYPE BASE64`` / ``TYPE BASE64`` for a key in an agent.
        base: the folder that a relative path starts from; the current one if None.

    Raises:
        Usage: if there is no usable key.
    """
    literal = name.removeprefix("key::")
    if literal.startswith(keys.KEY_TYPES):
        return _agent_key(literal)
    path = (base or Path()) / Path(name).expanduser()
    public_path = path if path.suffix == ".pub" else path.with_name(path.name + ".pub")
    try:
        if public_path.is_file():
            line = public_path.read_text(encoding="utf-8", errors="replace")
        elif path.is_file():
            line = _derive(path)
        else:
            raise Usage(f"there is no key at {path}", fix="make one with 'ssh-keygen -t ed25519', or name another")
        public = keys.normalise(line)
    except Malformed as error:
        raise Usage(f"{public_path} holds no usable key", why=str(error)) from error
    private = path.with_suffix("") if path.suffix == ".pub" and path.with_suffix("").is_file() else path
    return SigningKey(private, public)


def _agent_key(literal: str) -> SigningKey:
    try:
        public = keys.normalise(literal)
    except Malformed as error:
        raise Usage("Git's user.signingkey holds no usable key", why=str(error)) from error
    folder = Path(tempfile.mkdtemp(prefix="govkit-key-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "key.pub"
    path.write_text(public + "\n", encoding="utf-8")
    return SigningKey(path, public)


def _derive(path: Path) -> str:
    done = subprocess.run(["ssh-keygen", "-y", "-P", "", "-f", str(path)], capture_output=True, check=False)
    if done.returncode != 0:
        raise Usage(
            f"the public part of {path} cannot be read",
            why="it is no SSH key, or locked and without a .pub file beside it",
            fix=f"put the public key into {path}.pub",
        )
    return done.stdout.decode("utf-8", "replace")


def signer_of(message: bytes, signature: bytes, namespace: str) -> str:
    """Return the key whose signature over ``message`` this is.

    Args:
        message: the signed bytes.
        signature: the armoured signature, in the one accepted spelling.
        namespace: what it must have been made for.

    Returns:
        The key, ``TYPE BASE64``.

    Raises:
        Malformed: if it is not a good signature for this purpose.
    """
    blob = keys.dearmour(signature)
    frame = keys.ed25519_frame(blob, namespace)
    if frame is not None:
        key, good = frame.owner, _check_ed25519(frame.point, blob[-64:], frame.statement(message))
    else:
        key = keys.signed_by(blob, namespace)
        check = _check_rsa if key.startswith("ssh-rsa ") else _check_with_openssh
        good = check(message, signature, namespace)
    if not good:
        raise Malformed("the signature does not fit the bytes")
    return key


def _check_ed25519(point: bytes, signature: bytes, signed: bytes) -> bool:
    from nacl.bindings import crypto_sign_open
    from nacl.exceptions import CryptoError

    try:
        crypto_sign_open(signature + signed, point)
    except (CryptoError, ValueError):
        return False
    return True


def _check_rsa(message: bytes, signature: bytes, namespace: str) -> bool:
    import sshsig

    try:
        sshsig.check_signature(message, signature, namespace)
    except Exception:
        return False
    return True


def _check_with_openssh(message: bytes, signature: bytes, namespace: str) -> bool:
    with tempfile.NamedTemporaryFile(prefix="govkit-") as file:
        file.write(signature)
        file.flush()
        command = ["ssh-keygen", "-Y", "check-novalidate", "-n", namespace, "-s", file.name]
        return subprocess.run(command, input=message, capture_output=True, check=False).returncode == 0
