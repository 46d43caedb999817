import HummingbirdCore
import Logging
import NIOCore
import NIOSSL

/// HTTP within TLS. Unlike HummingbirdTLS's channel, which keeps one certificate for the server's life, it takes the newest for each
/// connection.
struct SecureChannel: ServerChildChannel {
    let base: HTTP1Channel
    let certificate: CurrentCertificate

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: certificate.context))
        }.flatMap {
            base.setup(channel: channel, logger: logger)
        }
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async {
        await base.handle(value: value, logger: logger)
    }
}
