public import LockkeeperCertificates
import NIOSSL
import Synchronization

/// The certificate that new connections get. It can be replaced while the server runs: connections that are open keep theirs.
public final class CurrentCertificate: Sendable {
    private let certificate: Mutex<ServerCertificate>

    public init(_ certificate: ServerCertificate) {
        self.certificate = Mutex(certificate)
    }

    public func replace(by certificate: ServerCertificate) {
        self.certificate.withLock { $0 = certificate }
    }

    var context: NIOSSLContext { certificate.withLock(\.context) }
}
