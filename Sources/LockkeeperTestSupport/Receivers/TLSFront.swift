import Foundation

/// Ends TLS in front of a plain port of this machine.
final class TLSFront: Sendable {
    let port: Int
    private let child: PythonChild

    static func start(_ certificate: SelfSignedCertificate, to port: Int) async throws -> TLSFront {
        let child = try await PythonChild.start(
            script,
            configuration: ["certificate": certificate.certificateFile, "key": certificate.keyFile, "port": port],
            folder: try PythonChild.makeFolder("tls"))
        guard let line = child.lines.all.first,
            let ready = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
            let port = ready["port"] as? Int
        else { throw PythonChild.Failed(description: "the TLS front named no port") }
        return TLSFront(port, child)
    }

    private init(_ port: Int, _ child: PythonChild) {
        self.port = port
        self.child = child
    }

    func close() async { await child.close() }

    private static let script = #"""
        import asyncio, json, os, ssl, sys, threading

        config = json.loads(sys.argv[1])
        threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()

        async def copy(reader, writer):
            try:
                while data := await reader.read(65536):
                    writer.write(data)
                    await writer.drain()
            except (OSError, asyncio.CancelledError):
                pass
            finally:
                writer.close()

        async def serve(reader, writer):
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", config["port"])
            await asyncio.gather(copy(reader, inner_writer), copy(inner_reader, writer))

        async def main():
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(config["certificate"], config["key"])
            server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
            print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
            await server.serve_forever()

        asyncio.run(main())
        """#
}
