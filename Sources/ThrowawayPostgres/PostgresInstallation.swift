import Glibc

/// A PostgreSQL whose server programs are on this machine.
public struct PostgresInstallation: Sendable, Hashable {
    /// The folder that holds `initdb` and `postgres`.
    public let binFolder: String
    /// The version as `postgres --version` says it, such as "15.18".
    public let version: String

    /// The major version, such as 15.
    public var major: Int { Int(version.prefix { $0.isNumber }) ?? 0 }

    /// The installation in a given folder.
    ///
    /// - Throws: `ThrowawayPostgresError` when `initdb` or `postgres` is not there or does not run.
    public init(binFolder: String) throws {
        for program in ["initdb", "postgres"] where access("\(binFolder)/\(program)", X_OK) != 0 {
            throw ThrowawayPostgresError(
                "no executable \(program) in \(binFolder)",
                hint: "name the bin folder of a PostgreSQL server; in an unpacked wheel: chmod +x its bin/*")
        }
        self.binFolder = binFolder
        version = try Self.version(of: binFolder)
    }

    /// Every installation found, the newest first: `LOCKKEEPER_POSTGRES_BIN` (a bin folder), Debian's
    /// `/usr/lib/postgresql/*/bin`, Red Hat's `/usr/pgsql-*/bin`, then PATH. Broken ones are left out.
    public static func all() async -> [PostgresInstallation] {
        let found = try? await BlockingWork.run {
            var folders: [String] = []
            if let named = Environment.value("LOCKKEEPER_POSTGRES_BIN") { folders.append(named) }
            folders += glob("/usr/lib/postgresql/*/bin") + glob("/usr/pgsql-*/bin")
            folders += (Environment.value("PATH") ?? "").split(separator: ":").map(String.init)
            var seen: Set<String> = []
            return folders.compactMap { folder -> PostgresInstallation? in
                guard seen.insert(folder).inserted, access("\(folder)/initdb", X_OK) == 0 else { return nil }
                return try? PostgresInstallation(binFolder: folder)
            }
        }
        return (found ?? []).sorted { $0.major > $1.major }
    }

    /// The one to use: that of `LOCKKEEPER_POSTGRES_BIN` where it is set, else the newest found; with `major`, the
    /// one of that major version.
    ///
    /// - Throws: `ThrowawayPostgresError` naming what was looked for.
    public static func find(major: Int? = nil) async throws -> PostgresInstallation {
        if major == nil, let named = Environment.value("LOCKKEEPER_POSTGRES_BIN") {
            return try await BlockingWork.run { try PostgresInstallation(binFolder: named) }
        }
        let found = await all()
        guard let match = found.first(where: { major == nil || $0.major == major }) else {
            throw ThrowawayPostgresError(
                "no PostgreSQL\(major.map { " \($0)" } ?? "") server programs found",
                hint:
                    "install the server (Debian: apt install postgresql), or set LOCKKEEPER_POSTGRES_BIN to its bin folder"
            )
        }
        return match
    }

    private static func version(of binFolder: String) throws(ThrowawayPostgresError) -> String {
        var path = Array("/tmp/lockkeeper-version-XXXXXX".utf8CString)
        let file = mkstemp(&path)
        let output = String(decoding: path.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard file >= 0 else {
            throw ThrowawayPostgresError(
                "cannot make a file in /tmp: \(errorText(errno))", hint: "check its permissions and free space")
        }
        close(file)
        defer { unlink(output) }
        let status = try Command(arguments: ["\(binFolder)/postgres", "--version"], log: output).run(seconds: 10)
        // "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"
        let text = TextFile.read(output) ?? ""
        let word = text.split(separator: " ").first { $0.first?.isNumber == true }
        guard status == 0, let word else {
            throw ThrowawayPostgresError(
                "\(binFolder)/postgres --version failed with status \(status)",
                hint: "check that the server runs on this machine", log: text)
        }
        return String(word.prefix { $0.isNumber || $0 == "." })
    }
}

/// Paths that match a shell pattern, sorted.
private func glob(_ pattern: String) -> [String] {
    var result = glob_t()
    defer { globfree(&result) }
    guard Glibc.glob(pattern, 0, nil, &result) == 0, let paths = result.gl_pathv else { return [] }
    return (0..<Int(result.gl_pathc)).compactMap { paths[$0].map { String(cString: $0) } }
}
