/// After how long a line is given up that nothing comes over any more, at both of its ends.
///
/// The server must notice, too: until it does, it keeps the lock of an agent that is cut off, and nobody else can lead.
struct LineLimits: Sendable {
    /// Without traffic for so long, the kernel asks whether the other end is there,
    var idle: Duration = .seconds(2)
    /// again so long after,
    var interval: Duration = .seconds(1)
    /// and so often.
    var count = 3
    /// How long what was sent may stay unacknowledged.
    var unacknowledged: Duration = .seconds(5)
    /// See `LeadershipPolicy.lease`.
    var lease: Duration

    /// For the session's server side: settings that any role may change for itself. The first four mean nothing on a Unix socket; the
    /// fifth is Linux's, and the last two are PostgreSQL 14's. Each is a transaction of its own, so that one that is not there leaves the
    /// others alone.
    var queries: [Query] {
        [
            ("tcp_keepalives_idle", "\(idle.components.seconds)"),
            ("tcp_keepalives_interval", "\(interval.components.seconds)"),
            ("tcp_keepalives_count", "\(count)"),
            ("tcp_user_timeout", "\(unacknowledged.components.seconds)s"),
            ("client_connection_check_interval", "\(interval.components.seconds)s"),
            ("idle_session_timeout", "\(lease.components.seconds)s"),
        ].map { name, value in
            Query(
                name: "lockkeeper_leadership_limit", sql: "SELECT pg_catalog.set_config($1, $2, false)",
                parameters: [name, value])
        }
    }
}

extension DSN {
    /// The same with our own end's limits (the manual, "Parameter Key Words").
    func with(_ limits: LineLimits) -> DSN {
        var copy = self
        copy.override["keepalives"] = "1"
        copy.override["keepalives_idle"] = "\(limits.idle.components.seconds)"
        copy.override["keepalives_interval"] = "\(limits.interval.components.seconds)"
        copy.override["keepalives_count"] = "\(limits.count)"
        copy.override["tcp_user_timeout"] = "\(limits.unacknowledged.components.seconds * 1000)"
        return copy
    }
}
