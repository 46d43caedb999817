/// What a tracker has found out about a run.
public enum RunEvent: Sendable, Hashable {
    case started(MigrationRun)
    /// New statements, or another standing.
    case advanced(MigrationRun)
    case ended(MigrationRun)
    /// It was over before anybody looked; only the history table, or what it changed, tells of it.
    case discovered(MigrationRun)
    /// It has ended, and more has been found out since about what it did to the queries.
    case reviewed(MigrationRun)

    public var run: MigrationRun {
        switch self {
        case .started(let run), .advanced(let run), .ended(let run), .discovered(let run), .reviewed(let run): run
        }
    }

    /// Whether a run begins or ends with it.
    var isMilestone: Bool {
        switch self {
        case .started, .ended, .discovered: true
        case .advanced, .reviewed: false
        }
    }
}
