"""A TCP relay that makes a host far away: every byte is late by half of a round trip.

`python -m sandbox.local.relay ADDRESS PORT TO_ADDRESS TO_PORT DELAY_MS`; the kernel of a small
machine may lack netem, so the delay is made here.
"""

import asyncio
import contextlib
import sys


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, late_s: float) -> None:
    """Copy one direction; bytes leave `late_s` seconds after they came, in order, none held up
    behind another's wait.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=1024)

    async def write() -> None:
        while True:
            due, data = await queue.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            if not data:
                break
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()

    async def read() -> None:
        while True:
            data = await reader.read(65536)
            await queue.put((loop.time() + late_s, data))
            if not data:
                break

    with contextlib.suppress(OSError):
        await asyncio.gather(read(), write())


async def serve(address: str, port: int, to: tuple[str, int], delay_ms: float) -> None:
    """Relay `address`:`port` to `to`, adding `delay_ms` to each round trip, until cancelled."""
    late_s = delay_ms / 2000

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            # The handshake crosses the distance once there and once back, too.
            await asyncio.sleep(2 * late_s)
            far_reader, far_writer = await asyncio.open_connection(*to)
            await asyncio.gather(
                _carry(reader, far_writer, late_s), _carry(far_reader, writer, late_s)
            )
            far_writer.close()
        writer.close()

    server = await asyncio.start_server(connection, address, port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(
        serve(sys.argv[1], int(sys.argv[2]), (sys.argv[3], int(sys.argv[4])), float(sys.argv[5]))
    )
