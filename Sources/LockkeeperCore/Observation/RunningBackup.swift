/// A dump or base backup that runs: a dump holds ACCESS SHARE on every table, so a schema change queues behind it.
public struct RunningBackup: Sendable, Hashable, Codable {
    public var session: SessionIdentity
    public var kind: Kind
    public var applicationName: String
    public var user: String
    /// "" for a base backup.
    public var database: String
    /// Begin of a dump's transaction, or of the session.
    public var since: Timestamp
    /// Of a base backup, where the server tells.
    public var progress: Progress?

    public enum Kind: String, Sendable, Hashable, Codable {
        case dump
        case baseBackup = "base_backup"
    }

    public init(
        session: SessionIdentity, kind: Kind, applicationName: String, user: String, database: String,
        since: Timestamp, progress: Progress? = nil
    ) {
        self.session = session
        self.kind = kind
        self.applicationName = applicationName
        self.user = user
        self.database = database
        self.since = since
        self.progress = progress
    }
}

extension Observation {
    /// The names that dump programs give their sessions.
    private static let dumpPrograms: Set<String> = ["pg_dump", "pg_dumpall"]

    /// The dumps and base backups that run. A program that works for several databases at once, or dumps with several sessions
    /// (`pg_dump --jobs`), is there with each of its sessions.
    public var runningBackups: [RunningBackup] {
        let backups = Dictionary(
            progress.filter { $0.command == .baseBackup }.map { ($0.pid, $0) }, uniquingKeysWith: { first, _ in first })
        return sessions.compactMap { session in
            let kind: RunningBackup.Kind
            if backups[session.pid] != nil {
                kind = .baseBackup
            } else if Self.dumpPrograms.contains(session.applicationName), session.backendType == "client backend" {
                kind = .dump
            } else {
                return nil
            }
            return RunningBackup(
                session: session.identity, kind: kind, applicationName: session.applicationName, user: session.user,
                database: session.database, since: session.transactionStart ?? session.backendStart,
                progress: backups[session.pid])
        }
    }
}
