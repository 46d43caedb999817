import Glibc
public import LockkeeperCertificates

/// The files that HTTPS is served with. They are read again when they change, so that a renewal needs no reload.
public struct TLSFiles: Sendable, Hashable {
    /// PEM: the server's own certificate, then those that lead to its authority.
    public var certificateFile: String
    /// PEM: the private key, not encrypted.
    public var keyFile: String

    public init(certificateFile: String, keyFile: String) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }

    /// A chain of a dozen certificates has a few dozen kilobytes.
    static let sizeLimit = 1 << 20

    /// What the files hold now.
    ///
    /// - Throws: `TLSFileFailure` if one of them cannot be read, or they do not belong together.
    public func read() throws(TLSFileFailure) -> ServerCertificate {
        let certificates = try text(.certificate)
        let key = try text(.key)
        do {
            return try ServerCertificate(certificates: certificates, key: key)
        } catch {
            throw TLSFileFailure(part: error.part, path: path(error.part), reason: error.reason, hint: error.hint)
        }
    }

    /// Tells whether the files have changed since, without reading them. A file that is not there has a stamp, too.
    public var stamp: Stamp { Stamp(files: [certificateFile, keyFile].map(Stamp.File.init)) }

    /// Which files they are, and when they were last written.
    public struct Stamp: Sendable, Hashable {
        fileprivate let files: [File]

        fileprivate struct File: Sendable, Hashable {
            var device: UInt = 0
            var inode: UInt = 0
            var size = 0
            var seconds = 0
            var nanoseconds = 0

            /// Follows links: what certbot names is one, to the newest of several files.
            init(_ path: String) {
                var status = stat()
                guard stat(path, &status) == 0 else { return }
                device = UInt(status.st_dev)
                inode = UInt(status.st_ino)
                size = Int(status.st_size)
                seconds = status.st_mtim.tv_sec
                nanoseconds = status.st_mtim.tv_nsec
            }
        }
    }

    private func path(_ part: CertificateProblem.Part) -> String {
        switch part {
        case .certificate: certificateFile
        case .key: keyFile
        }
    }

    private func text(_ part: CertificateProblem.Part) throws(TLSFileFailure) -> String {
        do {
            return try TextFile(path: path(part), limit: Self.sizeLimit).text
        } catch {
            throw TLSFileFailure(
                part: part, path: path(part), reason: error.reason, hint: FilePattern.neighbourHint(for: path(part)))
        }
    }
}

/// Why HTTPS cannot be served with the files that are configured. Contains nothing of their content.
public struct TLSFileFailure: Error, Sendable, Hashable, CustomStringConvertible {
    public var part: CertificateProblem.Part
    public var path: String
    /// A sentence's end: "does not exist".
    public var reason: String
    public var hint: String?

    public init(part: CertificateProblem.Part, path: String, reason: String, hint: String? = nil) {
        self.part = part
        self.path = path
        self.reason = reason
        self.hint = hint
    }

    /// The field of `web.tls` that names the file.
    public var field: String {
        switch part {
        case .certificate: "cert_file"
        case .key: "key_file"
        }
    }

    public var description: String { "the file \(path) \(reason)" }
}
