public import Foundation

/// A certificate for `localhost` and 127.0.0.1 that nobody trusts unless told to, made by `openssl`.
public struct SelfSignedCertificate: Sendable {
    /// The folder that holds the two files.
    public let folder: URL

    /// The certificate (PEM); as a CA file it makes the certificate trusted.
    public var certificateFile: String { folder.appendingPathComponent("certificate.pem").path }

    /// Its private key (PEM).
    public var keyFile: String { folder.appendingPathComponent("key.pem").path }

    /// Makes one, hands it to `body` and removes it.
    public static func using<Result>(_ body: (SelfSignedCertificate) async throws -> Result) async throws -> Result {
        let certificate = try await make()
        defer { certificate.remove() }
        return try await body(certificate)
    }

    /// Makes one in a temporary folder of its own.
    ///
    /// - Throws: when `openssl` is not there or fails.
    public static func make() async throws -> SelfSignedCertificate {
        let certificate = SelfSignedCertificate(folder: try PythonChild.makeFolder("certificate"))
        let result = try await SystemTool.run([
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout",
            certificate.keyFile, "-out", certificate.certificateFile,
        ])
        guard result.status == 0 else {
            certificate.remove()
            throw TestFailure("openssl made no certificate: \(result.output)")
        }
        return certificate
    }

    /// Removes its folder.
    public func remove() { try? FileManager.default.removeItem(at: folder) }
}
