/// What a tracker has found out about a run.
public enum RunEvent: Sendable, Hashable {
    case started(MigrationRun)
    /// New statements, or another standing.
    case advanced(MigrationRun)
    case ended(MigrationRun)
    /// It was over before anybody looked; only the history table tells of it.
    case discovered(MigrationRun)

    public var run: MigrationRun {
        switch self {
        case .started(let run), .advanced(let run), .ended(let run), .discovered(let run): run
        }
    }

    /// Whether a run begins or ends with it.
    var isMilestone: Bool {
        if case .advanced = self { false } else { true }
    }
}
