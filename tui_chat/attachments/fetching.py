"""Fetches a file by https, to be attached.

The address may come from a page or a model, so no request goes to this machine or its network: each host is resolved
once, and the connection is made to the very addresses that were checked.
"""

import http.client
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from tui_chat.attachments.read_file import attachment_from_bytes
from tui_chat.core.clean import clean_line
from tui_chat.core.error import AttachmentRefused
from tui_chat.core.part import AttachmentPart

MOST_BYTES = 20_000_000
MOST_REDIRECTS = 3
CONNECT_S = 10.0
LIMIT_S = 60.0
"""For all requests together."""
_MOST_SHOWN = 200
_PIECE = 65536
_REDIRECTS = (301, 302, 303, 307, 308)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_FILE_NAME = re.compile(r"filename\*?=(?:utf-8''|\"?)([^\";]+)", re.IGNORECASE)

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Sequence[str]]
"""Returns the addresses of a host."""
Dial = Callable[[str, int, str], socket.socket]
"""Connects to an address and port, and proves that it is the named host."""


class FetchFailed(Exception):
    """The file could not be fetched; the message is a sentence with the reason."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file from the network."""

    name: str
    data: bytes


def is_url(text: str) -> bool:
    """Return whether a text is meant as a web address."""
    return re.match(r"https?://", text, re.IGNORECASE) is not None


def fetch_attachment(url: str) -> AttachmentPart:
    """Return the file at an https address as an attachment; its kind is that of its content. Call it in a thread."""
    try:
        fetched = fetch(url)
    except FetchFailed as error:
        raise AttachmentRefused(f"{clean_line(url)[:_MOST_SHOWN]}: {error}", detail="not_fetched") from error
    return attachment_from_bytes(fetched.name, fetched.data)


def fetch(url: str, *, resolve: Resolve | None = None, dial: Dial | None = None, limit_s: float = LIMIT_S) -> Fetched:
    """Return the file at an https address. Takes up to `limit_s`; call it in a thread."""
    until_s = time.monotonic() + limit_s
    for _ in range(MOST_REDIRECTS + 1):
        address = _checked(url)
        try:
            with _response(address, resolve or addresses_of, dial or _dial, until_s) as response:
                if response.status in _REDIRECTS and (moved := response.getheader("Location")):
                    url = urljoin(url, moved)
                    continue
                if response.status != 200:
                    raise FetchFailed(f"The server answered with status {response.status}.")
                return Fetched(_name(address, response), _read(response))
        except ssl.SSLError as error:
            raise FetchFailed("The server's certificate is not valid for this address.") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            late = time.monotonic() >= until_s or isinstance(error, TimeoutError)
            raise FetchFailed("The server took too long." if late else "The server cannot be reached.") from error
    raise FetchFailed(f"The address redirects more than {MOST_REDIRECTS} times.")


def _checked(url: str) -> SplitResult:
    """Return the parts of an address that may be fetched."""
    try:
        address = urlsplit(url)
        host, _ = address.hostname, address.port
    except ValueError as error:
        raise FetchFailed("The address is not valid.") from error
    if address.scheme != "https":
        raise FetchFailed("Only https addresses are fetched.")
    if not host or not url.isprintable() or " " in url or "\\" in url:
        raise FetchFailed("The address is not valid.")
    if "@" in address.netloc:
        raise FetchFailed("An address with a user name or password is not fetched.")
    return address


def is_public(address: str) -> bool:
    """Return whether an IP address belongs to the public internet; an IPv4 address within an IPv6 one counts."""
    try:
        ip: IpAddress = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in _NAT64:
            ip = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        elif inner := ip.ipv4_mapped or ip.sixtofour or (ip.teredo and ip.teredo[1]):
            ip = inner
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def addresses_of(host: str, port: int) -> Sequence[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _dial(address: str, port: int, host: str) -> socket.socket:
    plain = socket.create_connection((address, port), CONNECT_S)
    try:
        return ssl.create_default_context().wrap_socket(plain, server_hostname=host)
    except (OSError, ValueError):
        plain.close()
        raise


@contextmanager
def _response(
    address: SplitResult, resolve: Resolve, dial: Dial, until_s: float
) -> Iterator[http.client.HTTPResponse]:
    """Send the request to an address that was checked; the connection ends at `until_s` whatever the server does."""
    host, port = address.hostname or "", address.port or 443
    addresses = list(dict.fromkeys(resolve(host, port)))
    if not addresses:
        raise FetchFailed("The server cannot be reached.")
    if not all(map(is_public, addresses)):
        raise FetchFailed("The address leads into this machine's own network.")
    connection = http.client.HTTPSConnection(host, port)
    with closing(connection), closing(_first(addresses, port, host, dial, until_s)) as connected:
        connection.sock = connected
        timer = threading.Timer(max(until_s - time.monotonic(), 0), _shut, [connected])
        timer.start()
        try:
            path = (address.path or "/") + (f"?{address.query}" if address.query else "")
            headers = {
                "Accept": "*/*",
                "Accept-Encoding": "identity",
                "User-Agent": "tui-chat",
                "Connection": "close",
            }
            connection.request("GET", path, headers=headers)
            with closing(connection.getresponse()) as response:
                yield response
        finally:
            timer.cancel()


def _first(addresses: Sequence[str], port: int, host: str, dial: Dial, until_s: float) -> socket.socket:
    """Return a connection to the first address that accepts one."""
    fault: OSError = TimeoutError("no time left")
    for address in addresses:
        if time.monotonic() >= until_s:
            break
        try:
            return dial(address, port, host)
        except ssl.SSLError:
            raise
        except OSError as error:
            fault = error
    raise fault


def _shut(connected: socket.socket) -> None:
    with suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)


def _read(response: http.client.HTTPResponse) -> bytes:
    too_large = FetchFailed(f"The file is larger than {MOST_BYTES // 1_000_000} MB.")
    if (response.length or 0) > MOST_BYTES:
        raise too_large
    pieces: list[bytes] = []
    size = 0
    while data := response.read(_PIECE):
        pieces.append(data)
        size += len(data)
        if size > MOST_BYTES:
            raise too_large
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
    return b"".join(pieces)


def _name(address: SplitResult, response: http.client.HTTPResponse) -> str:
    """Return the name that the server gives the file, else the last part of its path, else the host."""
    given = _FILE_NAME.search(response.getheader("Content-Disposition") or "")
    name = unquote(given[1] if given else address.path).replace("\\", "/").rstrip("/").rpartition("/")[2].strip()
    return name or address.hostname or "file"
