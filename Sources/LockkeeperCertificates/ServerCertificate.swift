import NIOCore
public import NIOSSL

/// A server's certificate, those that lead from it to its authority, and its private key: proven to belong together.
public struct ServerCertificate: Sendable {
    /// What connections are secured with: TLS 1.2 or newer (RFC 8996 forbids what is older), HTTP/1.1 within.
    public let context: NIOSSLContext
    /// When the server's own certificate ends to be valid, in seconds since the Unix epoch.
    public let expiresAt: Int

    /// - Parameters:
    ///   - certificates: PEM (RFC 7468), the server's own first.
    ///   - key: PEM, not encrypted.
    /// - Throws: `CertificateProblem` if one of them cannot be used, or the key is another certificate's.
    public init(certificates: String, key: String) throws(CertificateProblem) {
        let chain: [NIOSSLCertificate]
        do {
            chain = try NIOSSLCertificate.fromPEMBytes(Array(certificates.utf8))
        } catch {
            chain = []
        }
        guard let own = chain.first else {
            throw CertificateProblem(
                part: .certificate, reason: "holds no certificate in PEM form",
                hint: "It begins with `-----BEGIN CERTIFICATE-----`; certbot calls it fullchain.pem")
        }
        // Of both forms: PKCS #8's label, and the header of the older ones.
        guard !key.contains("ENCRYPTED") else {
            throw CertificateProblem(
                part: .key, reason: "is encrypted, and nobody is there to give the passphrase",
                hint:
                    "`openssl pkey -in FILE -out NEW-FILE` takes it out; keep the new file readable for the agent alone"
            )
        }
        let privateKey: NIOSSLPrivateKey
        do {
            privateKey = try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem)
        } catch {
            throw CertificateProblem(
                part: .key, reason: "holds no private key in PEM form",
                hint: "It begins with `-----BEGIN PRIVATE KEY-----`; certbot calls it privkey.pem")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(privateKey))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        // For the good-bye of a client that has gone or says nothing.
        configuration.shutdownTimeout = .seconds(1)
        do {
            context = try NIOSSLContext(configuration: configuration)
        } catch {
            throw CertificateProblem(
                part: .key, reason: "is not the key of the certificate",
                hint: "Take both from the same issue; the server's own certificate is the first in its file")
        }
        expiresAt = Int(own.notValidAfter)
    }
}
