import LockkeeperCore

/// How far a run is. Ratio and time left are of the present phase, and of the whole command where `covers_command` says so.
struct ProgressAnswer: Encodable {
    /// For people; missing while the server counts nothing for the run.
    let text: String?
    /// `CREATE INDEX CONCURRENTLY`
    let operation: String?
    let relation: String?
    let index: String?
    /// As PostgreSQL spells it.
    let phase: String?
    let done: Int64?
    let total: Int64?
    /// What `done` and `total` count: `blocks`, `tuples`, `bytes`, `transactions`, `indexes`, `partitions` or `statistics`.
    let unit: String?
    /// From 0 to 1.
    let ratio: Double?
    let remainingSeconds: Double?
    let coversCommand: Bool
    let followingPhases: [String]
    /// When a counter last moved.
    let lastAdvance: String?
    /// Of CONCURRENTLY: whom it waits for now.
    let currentLockerPID: Int32?
    let partitionsDone: Int64?
    let partitionsTotal: Int64?
    let migrationsDone: Int?
    let migrationsTotal: Int?
    /// The migration that the running statement is of, and which of its statements it is, from 1: by the folder's text.
    let migration: String?
    let statement: Int?
    let statementsTotal: Int?

    init(_ progress: RunProgress) {
        text = progress.text
        operation = progress.operation
        relation = progress.relation
        index = progress.index
        phase = progress.phase
        done = progress.counter?.done
        total = progress.counter?.total
        unit = progress.unit?.rawValue
        ratio = progress.ratio
        remainingSeconds = progress.remaining?.inSeconds
        coversCommand = progress.coversCommand
        followingPhases = progress.followingPhases
        lastAdvance = progress.lastAdvance?.rfc3339
        currentLockerPID = progress.currentLockerPID
        partitionsDone = progress.partitions?.done
        partitionsTotal = progress.partitions?.total
        migrationsDone = progress.step?.migrationsDone
        migrationsTotal = progress.step?.migrationsTotal
        migration = progress.step?.migration
        statement = progress.step?.statement
        statementsTotal = progress.step?.statementsTotal
    }
}
