import Foundation
import Synchronization

/// Atlassian's Statuspage as far as incidents go, strictly (developer.statuspage.io): a request with anything wrong in it gets 400 or 422
/// and is noted, and more than 60 requests within a minute get 420.
public final class StubStatuspage: Sendable {
    /// An incident as it stands on the page.
    public struct Incident: Sendable {
        public var id: String
        public var name: String
        public var status: String
        public var impact: String
        /// What customers were told, oldest first: status and text.
        public var updates: [(status: String, body: String)]
        public var key: String?
    }

    /// The server behind it, for scripting answers and reading requests.
    public let server: StubHTTPServer
    /// What it takes.
    public static let token = "secretXXXX-XXXX-XXXX-XXXX"
    public static let page = "kctbh9vrtdwd"
    public static let component = "ftgks51sfs2d"
    private let ledger: Ledger

    /// Starts one, hands it to `body`, and closes it whatever happens.
    public static func serving<Result>(
        requestsPerMinute: Int = 60, _ body: (StubStatuspage) async throws -> Result
    ) async throws -> Result {
        let ledger = Ledger(limit: requestsPerMinute)
        return try await StubHTTPServer.serving(responder: { ledger.answer(to: $0) }) {
            try await body(StubStatuspage($0, ledger))
        }
    }

    private init(_ server: StubHTTPServer, _ ledger: Ledger) {
        self.server = server
        self.ledger = ledger
    }

    /// Where the API is.
    public var url: String { server.url("") }

    /// Everything that was wrong with requests so far.
    public var violations: [String] { ledger.state.withLock { $0.violations } }

    /// The incidents, oldest first.
    public var incidents: [Incident] { ledger.state.withLock { $0.incidents } }

    /// How the component stands.
    public var component: String { ledger.state.withLock { $0.component } }

    /// How often subscribers were told.
    public var notified: Int { ledger.state.withLock { $0.notified } }

    /// Does the next writing request and loses the answer, once.
    public func loseNextAnswer() { ledger.state.withLock { $0.losesAnswer = true } }

    /// Deletes all incidents, as somebody may who looks at the page.
    public func deleteIncidents() { ledger.state.withLock { $0.incidents = [] } }

    /// Adds what somebody else has put on the page.
    public func addForeignIncident() {
        ledger.state.withLock {
            $0.incidents.append(
                Incident(
                    id: "foreign", name: "Network", status: "investigating", impact: "minor",
                    updates: [("investigating", "We look.")]))
        }
    }

    private final class Ledger: Sendable {
        struct State {
            var violations: [String] = []
            var incidents: [Incident] = []
            var component = "operational"
            var notified = 0
            var losesAnswer = false
            var arrivals: [ContinuousClock.Instant] = []
        }

        let state = Mutex(State())
        private let limit: Int

        init(limit: Int) { self.limit = limit }

        func answer(to request: RecordedRequest) -> StubAnswer {
            state.withLock { state in
                state.arrivals = state.arrivals.filter { request.arrival - $0 < .seconds(60) } + [request.arrival]
                guard state.arrivals.count <= limit else {
                    return .status(420, #"{"error":"rate limit exceeded"}"#, headers: [("Retry-After", "9")])
                }
                guard request.header("Authorization") == "OAuth \(StubStatuspage.token)" else {
                    return .status(401, #"{"error":"Could not authenticate"}"#)
                }
                let prefix = "/v1/pages/\(StubStatuspage.page)"
                guard request.path.hasPrefix(prefix) else { return .status(404, #"{"error":"Not found"}"#) }
                let path = request.path.dropFirst(prefix.count)
                let answer = self.answer(request, String(path), &state)
                if request.method != "GET", state.losesAnswer {
                    state.losesAnswer = false
                    return StubAnswer(.resetAfterReading)
                }
                return answer
            }
        }

        private func answer(_ request: RecordedRequest, _ path: String, _ state: inout State) -> StubAnswer {
            let id = path.split(separator: "/").last.map(String.init)
            switch (request.method, path) {
            case ("GET", "/incidents/unresolved"):
                return json(state.incidents.filter { $0.status != "resolved" }.reversed().map { object($0, state) })
            case ("GET", "/components?per_page=100"):
                return json([["id": StubStatuspage.component, "name": "API", "status": state.component]])
            case ("GET", _):
                guard let incident = state.incidents.first(where: { $0.id == id }) else {
                    return .status(404, #"{"error":"Not found"}"#)
                }
                return json(object(incident, state))
            case ("POST", "/incidents"):
                guard let fields = check(request, &state, isNew: true) else {
                    return .status(422, #"{"error":["wrong"]}"#)
                }
                var incident = Incident(
                    id: "incident\(state.incidents.count + 1)", name: "", status: "", impact: "none", updates: [])
                apply(fields, to: &incident, &state)
                state.incidents.append(incident)
                return json(object(incident, state), status: 201)
            case ("PATCH", "/components/\(StubStatuspage.component)"):
                let object = (try? JSONSerialization.jsonObject(with: Data(request.body))) as? [String: Any] ?? [:]
                guard let status = (object["component"] as? [String: String])?["status"] else { return .status(422) }
                state.component = status
                return json(["id": StubStatuspage.component, "status": status])
            case ("PATCH", _):
                guard let index = state.incidents.firstIndex(where: { $0.id == id }) else {
                    return .status(404, #"{"error":"Not found"}"#)
                }
                guard let fields = check(request, &state, isNew: false) else {
                    return .status(422, #"{"error":["wrong"]}"#)
                }
                var incident = state.incidents[index]
                apply(fields, to: &incident, &state)
                state.incidents[index] = incident
                return json(object(incident, state))
            default: return .status(405)
            }
        }

        private func apply(_ fields: [String: Any], to incident: inout Incident, _ state: inout State) {
            incident.name = fields["name"] as? String ?? incident.name
            incident.status = fields["status"] as? String ?? incident.status
            incident.impact = fields["impact_override"] as? String ?? incident.impact
            incident.updates.append((incident.status, fields["body"] as? String ?? ""))
            incident.key =
                ((fields["metadata"] as? [String: Any])?["lockkeeper"] as? [String: Any])?["key"] as? String
                ?? incident.key
            if let status = (fields["components"] as? [String: String])?[StubStatuspage.component] {
                state.component = status
            }
            // What is not said is yes.
            if fields["deliver_notifications"] as? Bool != false { state.notified += 1 }
        }

        private func check(_ request: RecordedRequest, _ state: inout State, isNew: Bool) -> [String: Any]? {
            var violations: [String] = []
            if request.header("Content-Type")?.hasPrefix("application/json") != true {
                violations.append("Content-Type: not application/json")
            }
            let object = (try? JSONSerialization.jsonObject(with: Data(request.body))) as? [String: Any] ?? [:]
            guard let fields = object["incident"] as? [String: Any], object.count == 1 else {
                state.violations.append("the body is not one incident")
                return nil
            }
            let known: Set = [
                "name", "status", "impact_override", "body", "components", "component_ids", "deliver_notifications",
                "metadata",
            ]
            for key in fields.keys.sorted() where !known.contains(key) { violations.append("\(key): no such field") }
            let name = fields["name"] as? String ?? ""
            if isNew, name.isEmpty || name.utf16.count > 255 { violations.append("name: empty or too long") }
            if !["investigating", "identified", "monitoring", "resolved"].contains(fields["status"] as? String ?? "") {
                violations.append("status: \(fields["status"] ?? "missing")")
            }
            if let impact = fields["impact_override"],
                !["none", "minor", "major", "critical"].contains(impact as? String ?? "")
            {
                violations.append("impact_override: \(impact)")
            }
            let body = fields["body"] as? String ?? ""
            if body.isEmpty || body.utf16.count > 25_000 { violations.append("body: empty or too long") }
            let components = fields["components"] as? [String: String] ?? [:]
            let states: Set = [
                "operational", "degraded_performance", "partial_outage", "major_outage", "under_maintenance",
            ]
            for (id, status) in components {
                if id != StubStatuspage.component { violations.append("components.\(id): no such component") }
                if !states.contains(status) { violations.append("components.\(id): \(status)") }
            }
            if fields["component_ids"] as? [String] != components.keys.sorted() {
                violations.append("component_ids: not those of components")
            }
            if !(fields["deliver_notifications"] is Bool) { violations.append("deliver_notifications: missing") }
            state.violations += violations
            return violations.isEmpty ? fields : nil
        }

        private func object(_ incident: Incident, _ state: State) -> [String: Any] {
            var object: [String: Any] = [
                "id": incident.id, "name": incident.name, "status": incident.status, "impact": incident.impact,
                "incident_updates": incident.updates.reversed().map { ["status": $0.status, "body": $0.body] },
                "metadata": ["jira": ["issue_id": "value"]],
                "components": [["id": StubStatuspage.component, "name": "API", "status": state.component]],
            ]
            if let key = incident.key { object["metadata"] = ["lockkeeper": ["key": key]] }
            return object
        }

        private func json(_ object: Any, status: Int = 200) -> StubAnswer {
            let data = (try? JSONSerialization.data(withJSONObject: object)) ?? Data()
            return .status(
                status, String(decoding: data, as: UTF8.self), headers: [("Content-Type", "application/json")])
        }
    }
}
