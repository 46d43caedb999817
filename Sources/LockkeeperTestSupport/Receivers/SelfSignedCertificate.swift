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
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout",
            certificate.keyFile, "-out", certificate.certificateFile,
        ]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let exit = Arrivals<Int32>()
        process.terminationHandler = { exit.append($0.terminationStatus) }
        try process.run()
        guard try await exit.wait(count: 1, timeout: .seconds(30)).first == 0 else {
            certificate.remove()
            throw PythonChild.Failed(description: "openssl made no certificate: is it installed?")
        }
        return certificate
    }

    /// Removes its folder.
    public func remove() { try? FileManager.default.removeItem(at: folder) }
}
