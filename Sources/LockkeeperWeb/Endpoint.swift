import Hummingbird

/// What can be asked for, by path.
enum Endpoint: Hashable {
    case page
    case metrics
    case healthy
    case ready
    case reload
    case targets
    case locks
    case findings
    case migrations
    case migration(run: String)
    case incidents
    case incident(id: String)
    case acknowledgement(incident: String)
    case silences
    case silence(id: String)
    case deliveries
    case prometheus(PrometheusEndpoint)

    /// `nil` if there is nothing at that path.
    init?(path: String) {
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        var names: [String] = []
        for segment in segments {
            guard let name = Self.percentDecoded(segment) else { return nil }
            names.append(name)
        }
        switch names {
        case [""]: self = .page
        case ["metrics"]: self = .metrics
        case ["-", "healthy"]: self = .healthy
        case ["-", "ready"]: self = .ready
        case ["-", "reload"]: self = .reload
        case ["api", "v1", "targets"]: self = .targets
        case ["api", "v1", "locks"]: self = .locks
        case ["api", "v1", "findings"]: self = .findings
        case ["api", "v1", "migrations"]: self = .migrations
        case ["api", "v1", "incidents"]: self = .incidents
        case ["api", "v1", "deliveries"]: self = .deliveries
        case ["api", "v1", "silences"]: self = .silences
        default:
            if names.starts(with: ["api", "v1"]), let endpoint = PrometheusEndpoint(names.dropFirst(2)) {
                self = .prometheus(endpoint)
                return
            }
            if names.count == 5, names[..<3] == ["api", "v1", "incidents"], !names[3].isEmpty, names[4] == "acknowledge"
            {
                self = .acknowledgement(incident: names[3])
                return
            }
            guard names.count == 4, names[0] == "api", names[1] == "v1", !names[3].isEmpty else { return nil }
            switch names[2] {
            case "migrations": self = .migration(run: names[3])
            case "incidents": self = .incident(id: names[3])
            case "silences": self = .silence(id: names[3])
            default: return nil
            }
        }
    }

    var methods: [HTTPRequest.Method] {
        switch self {
        case .reload, .acknowledgement: [.post]
        case .silences: [.get, .head, .post]
        case .silence: [.delete]
        case .prometheus(let endpoint): endpoint.takesForm ? [.get, .head, .post] : [.get, .head]
        case .page, .metrics, .healthy, .ready, .targets, .locks, .findings, .migrations, .migration, .incidents,
            .incident, .deliveries:
            [.get, .head]
        }
    }

    /// Whether only those who may read may ask for it. Load balancers and supervisors ask for health without a password; actions have
    /// a check of their own.
    var isForReaders: Bool {
        switch self {
        case .healthy, .ready, .reload, .acknowledgement, .silence: false
        case .page, .metrics, .targets, .locks, .findings, .migrations, .migration, .incidents, .incident, .silences,
            .deliveries, .prometheus:
            true
        }
    }

    /// The parameters that the query may have; `nil` where others' (Prometheus's `params`, a browser's) do no harm.
    var parameters: [String]? {
        switch self {
        case .locks, .findings: ["target"]
        case .migrations: ["limit", "target", "state"]
        case .incidents: ["limit", "target", "status"]
        case .deliveries: ["limit", "receiver", "status", "incident"]
        case .targets, .migration, .incident, .acknowledgement, .silences, .silence: []
        // Clients of Prometheus send more than there is here.
        case .page, .metrics, .healthy, .ready, .reload, .prometheus: nil
        }
    }

    /// `nil` if it is not percent encoding (RFC 3986, section 2.1) of UTF-8.
    private static func percentDecoded(_ text: Substring) -> String? {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexadecimal), let low = rest.popFirst().flatMap(hexadecimal)
            else { return nil }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
