/// Who holds locks or waits for them. Its own locks never block it.
public enum LockOwner: Sendable, Hashable, Codable {
    /// A server process; of a parallel query's group, the leader.
    case session(Int32)
    /// By its gid; "" where `pg_prepared_xacts` does not show it.
    case preparedTransaction(String)
}
