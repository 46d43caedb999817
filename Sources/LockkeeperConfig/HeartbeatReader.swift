/// Reads `heartbeat:`.
struct HeartbeatReader {
    func read(_ field: ConfigurationField) -> HeartbeatConfiguration? {
        guard let section = field.section(.heartbeat) else { return nil }
        section.reportMissing(
            "url",
            hint:
                "A dead man's switch, such as healthchecks.io, gives one per check; better kept in a file that `url_file` names"
        )
        let allowsPlainHTTP = section["allow_http"]?.boolean() ?? false
        // Whoever knows the URL can say in the agent's name that all is well.
        func endpoint(_ name: String) -> HTTPEndpoint? {
            section.secret(name) { HTTPEndpoint.objection(to: $0, allowsPlainHTTP: allowsPlainHTTP) }
                .map { HTTPEndpoint(url: $0, allowsPlainHTTP: allowsPlainHTTP) }
        }
        let failEndpoint = endpoint("fail_url")
        let interval = section["interval"]?.duration(in: HeartbeatConfiguration.intervals)
        guard let endpoint = endpoint("url") else { return nil }
        var heartbeat = HeartbeatConfiguration(endpoint: endpoint, failEndpoint: failEndpoint)
        if let interval { heartbeat.interval = interval }
        return heartbeat
    }
}
