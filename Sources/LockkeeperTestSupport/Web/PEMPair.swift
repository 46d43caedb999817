import Foundation

/// The texts of a certificate for `localhost` and 127.0.0.1 and of its key, made by `openssl` once for all tests of a process.
public struct PEMPair: Sendable {
    public var certificate: String
    public var key: String

    public static let first = make()
    /// Of the same names, with a key of its own.
    public static let second = make()
    /// Valid on the first day of 2020 only.
    public static let expired = make(from: "200101000000Z", until: "200102000000Z")

    private static func make(from: String? = nil, until: String? = nil) -> PEMPair {
        do {
            let folder = try PythonChild.makeFolder("pem")
            defer { try? FileManager.default.removeItem(at: folder) }
            let names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
            let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "key.pem"]
            if let from, let until {
                try openssl(["req"] + key + names + ["-out", "request.pem"], in: folder)
                // `req -x509` knows no end in the past; the tool for authorities does, and wants its files.
                let settings = """
                    [ca]
                    default_ca = own
                    [own]
                    database = index.txt
                    new_certs_dir = .
                    rand_serial = yes
                    default_md = sha256
                    policy = any
                    [any]
                    commonName = supplied

                    """
                try Data(settings.utf8).write(to: folder.appending(path: "ca.cnf"))
                try Data().write(to: folder.appending(path: "index.txt"))
                try openssl(
                    [
                        "ca", "-selfsign", "-batch", "-config", "ca.cnf", "-keyfile", "key.pem", "-in", "request.pem",
                        "-out", "certificate.pem", "-startdate", from, "-enddate", until, "-notext",
                    ], in: folder)
            } else {
                try openssl(["req", "-x509", "-days", "30"] + key + names + ["-out", "certificate.pem"], in: folder)
            }
            func read(_ name: String) throws -> String {
                try String(contentsOf: folder.appending(path: name), encoding: .utf8)
            }
            return PEMPair(certificate: try read("certificate.pem"), key: try read("key.pem"))
        } catch {
            // Every test that uses it fails, and says this.
            return PEMPair(certificate: "openssl made no certificate: \(error)", key: "")
        }
    }

    private static func openssl(_ arguments: [String], in folder: URL) throws {
        let result = try SystemTool.wait(for: ["openssl"] + arguments, in: folder)
        guard result.status == 0 else { throw TestFailure("openssl \(arguments[0]): \(result.output)") }
    }
}
