import Foundation
import Synchronization

/// Atlassian's Statuspage as far as incidents and planned maintenance go, strictly (developer.statuspage.io): a request with anything wrong
/// in it gets 400 or 422 and is noted, and more than 60 requests within a minute get 420.
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
        fileprivate var hasComponent = false
        /// Of planned maintenance only, as `until`.
        public var from: String?
        public var until: String?

        fileprivate var isMaintenance: Bool { from != nil }
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

    /// Sets the component, as the end of another incident does.
    public func setComponent(_ status: String) { ledger.state.withLock { $0.component = status } }

    /// Does the next writing request and loses the answer, once.
    public func loseNextAnswer() { ledger.state.withLock { $0.losesAnswer = true } }

    /// Begins or ends all maintenance that is to, as the page does when its time has come.
    ///
    /// - Parameter status: `in_progress` or `completed`.
    public func transition(to status: String) {
        ledger.state.withLock { state in
            for index in state.incidents.indices
            where state.incidents[index].isMaintenance && state.incidents[index].status != "completed" {
                state.incidents[index].status = status
                state.incidents[index].updates.append((status, "As planned."))
                state.component = status == "in_progress" ? "under_maintenance" : "operational"
            }
        }
    }

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
                return list(state) { !["resolved", "completed", "scheduled"].contains($0.status) }
            case ("GET", "/incidents/scheduled"):
                return list(state) { ["scheduled", "completed"].contains($0.status) }
            case ("GET", "/incidents/active_maintenance"):
                return list(state) { ["in_progress", "verifying"].contains($0.status) }
            case ("GET", "/components?per_page=100"):
                return json([["id": StubStatuspage.component, "name": "API", "status": state.component]])
            case ("GET", _):
                guard let incident = state.incidents.first(where: { $0.id == id }) else {
                    return .status(404, #"{"error":"Not found"}"#)
                }
                return json(object(incident, state))
            case ("POST", "/incidents"):
                guard let fields = check(request, &state, nil) else {
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
                guard let fields = check(request, &state, state.incidents[index]) else {
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
            incident.from = fields["scheduled_for"] as? String ?? incident.from
            incident.until = fields["scheduled_until"] as? String ?? incident.until
            incident.updates.append((incident.status, fields["body"] as? String ?? ""))
            incident.key =
                ((fields["metadata"] as? [String: Any])?["lockkeeper"] as? [String: Any])?["key"] as? String
                ?? incident.key
            if let status = (fields["components"] as? [String: String])?[StubStatuspage.component] {
                state.component = status
                incident.hasComponent = true
            }
            // What is not said is yes.
            if fields["deliver_notifications"] as? Bool != false { state.notified += 1 }
        }

        private func list(_ state: State, _ isListed: (Incident) -> Bool) -> StubAnswer {
            json(state.incidents.filter(isListed).reversed().map { object($0, state) })
        }

        /// - Parameter before: what is changed; `nil` for what is new.
        private func check(_ request: RecordedRequest, _ state: inout State, _ before: Incident?) -> [String: Any]? {
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
                "metadata", "scheduled_for", "scheduled_until", "scheduled_remind_prior", "scheduled_auto_in_progress",
                "scheduled_auto_completed", "auto_transition_to_maintenance_state",
                "auto_transition_to_operational_state", "auto_transition_deliver_notifications_at_start",
                "auto_transition_deliver_notifications_at_end",
            ]
            for key in fields.keys.sorted() where !known.contains(key) { violations.append("\(key): no such field") }
            let name = fields["name"] as? String ?? ""
            if before == nil, name.isEmpty || name.utf16.count > 255 { violations.append("name: empty or too long") }
            let isMaintenance = before?.isMaintenance ?? (fields["scheduled_for"] != nil)
            let statuses =
                isMaintenance
                ? ["scheduled", "in_progress", "verifying", "completed"]
                : ["investigating", "identified", "monitoring", "resolved"]
            if !statuses.contains(fields["status"] as? String ?? "") {
                violations.append("status: \(fields["status"] ?? "missing")")
            }
            let planned = fields.filter { $0.key.hasPrefix("scheduled_") || $0.key.hasPrefix("auto_") }
            if !isMaintenance, !planned.isEmpty { violations.append("\(planned.keys.sorted()): not planned") }
            if isMaintenance, before == nil || !planned.isEmpty { violations += check(times: fields) }
            for (key, value) in planned
            where !["scheduled_for", "scheduled_until"].contains(key) && !(value is Bool) {
                violations.append("\(key): \(value)")
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
            let ids = fields["component_ids"] as? [String] ?? []
            if ids != components.keys.sorted(), !(isMaintenance && fields["components"] == nil) {
                violations.append("component_ids: not those of components")
            }
            for id in ids where id != StubStatuspage.component {
                violations.append("component_ids: no component \(id)")
            }
            if !(fields["deliver_notifications"] is Bool) { violations.append("deliver_notifications: missing") }
            state.violations += violations
            return violations.isEmpty ? fields : nil
        }

        private func check(times fields: [String: Any]) -> [String] {
            let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
            let times = ["scheduled_for", "scheduled_until"].map {
                (fields[$0] as? String).flatMap { try? format.parse($0) }
            }
            guard let from = times[0], let until = times[1] else {
                return ["scheduled_for, scheduled_until: not times"]
            }
            return from < until ? [] : ["scheduled_until: before scheduled_for"]
        }

        private func object(_ incident: Incident, _ state: State) -> [String: Any] {
            var object: [String: Any] = [
                "id": incident.id, "name": incident.name, "status": incident.status, "impact": incident.impact,
                "incident_updates": incident.updates.reversed().map { ["status": $0.status, "body": $0.body] },
                "metadata": ["jira": ["issue_id": "value"]],
                "components": incident.hasComponent
                    ? [["id": StubStatuspage.component, "name": "API", "status": state.component]] : [],
            ]
            object["scheduled_for"] = incident.from
            object["scheduled_until"] = incident.until
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
