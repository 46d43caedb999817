import Foundation
import Synchronization

/// Cachet, version 3, as far as incidents and schedules go, with the validation rules of its source (cachethq/core): a request with anything wrong in it
/// gets 422 and is noted, and who does not ask for JSON is sent elsewhere, as Laravel does.
public final class StubCachet: Sendable {
    /// An incident as it stands on the page.
    public struct Incident: Sendable {
        public var id: Int
        public var name: String
        public var status: Int
        public var message: String
        public var isVisible: Bool
        fileprivate var hasComponent = false
        /// Oldest first.
        public var updates: [(status: Int, message: String)] = []
    }

    /// A schedule as it stands on the page, with its times as they were sent.
    public struct Schedule: Sendable {
        public var id: Int
        public var name: String
        public var message: String
        public var from: String
        public var until: String
    }

    /// The server behind it, for scripting answers and reading requests.
    public let server: StubHTTPServer
    /// What it takes.
    public static let token = "1|secretXXXXXXXXXXXXXXXXXXXX"
    public static let component = 7
    private let ledger: Ledger

    /// Starts one, hands it to `body`, and closes it whatever happens.
    ///
    /// - Parameter requestsPerMinute: more than these get 429, as `CACHET_API_RATE_LIMIT` has it.
    public static func serving<Result>(
        requestsPerMinute: Int = 300, _ body: (StubCachet) async throws -> Result
    ) async throws -> Result {
        let ledger = Ledger(limit: requestsPerMinute)
        return try await StubHTTPServer.serving(responder: { ledger.answer(to: $0) }) {
            try await body(StubCachet($0, ledger))
        }
    }

    private init(_ server: StubHTTPServer, _ ledger: Ledger) {
        self.server = server
        self.ledger = ledger
    }

    /// The page's URL.
    public var url: String { server.url("") }

    /// Everything that was wrong with requests so far.
    public var violations: [String] { ledger.state.withLock { $0.violations } }

    /// The incidents, oldest first.
    public var incidents: [Incident] { ledger.state.withLock { $0.incidents } }

    /// The schedules that nobody has deleted, oldest first.
    public var schedules: [Schedule] { ledger.state.withLock { $0.schedules } }

    /// Deletes all schedules, as somebody may who looks at the page.
    public func deleteSchedules() { ledger.state.withLock { $0.schedules = [] } }

    /// Deletes all incidents, as somebody may who looks at the page.
    public func deleteIncidents() { ledger.state.withLock { $0.incidents = [] } }

    /// Lets it be this time for the page, which tells by it how schedules stand.
    ///
    /// - Parameter time: `2026-12-01 22:00:00`
    public func pass(to time: String) { ledger.state.withLock { $0.now = time } }

    /// Makes it a version before June 2026, which does not change when a schedule ends.
    public func keepEnds() { ledger.state.withLock { $0.keepsEnds = true } }

    /// How the component stands.
    public var component: Int { ledger.state.withLock { $0.component } }

    /// Does the next writing request and loses the answer, once.
    public func loseNextAnswer() { ledger.state.withLock { $0.losesAnswer = true } }

    private final class Ledger: Sendable {
        struct State {
            var violations: [String] = []
            var incidents: [Incident] = []
            var schedules: [Schedule] = []
            var scheduleCount = 0
            var now = ""
            var keepsEnds = false
            var component = 1
            var losesAnswer = false
            var arrivals: [ContinuousClock.Instant] = []
        }

        let state = Mutex(State())
        private let limit: Int

        init(limit: Int) { self.limit = limit }

        func answer(to request: RecordedRequest) -> StubAnswer {
            guard request.header("Accept")?.contains("application/json") == true else {
                return .redirect(to: "/login")
            }
            return state.withLock { state in
                state.arrivals = state.arrivals.filter { request.arrival - $0 < .seconds(60) } + [request.arrival]
                guard state.arrivals.count <= limit else {
                    return .status(429, #"{"message":"Too Many Attempts."}"#, headers: [("Retry-After", "41")])
                }
                if request.method != "GET", request.header("Authorization") != "Bearer \(StubCachet.token)" {
                    return .status(401, #"{"message":"Unauthenticated."}"#)
                }
                let count = state.violations.count
                let answer = self.answer(request, &state)
                if state.violations.count > count { return .status(422, #"{"message":"The given data was invalid."}"#) }
                if request.method == "POST"
                    || parts(request).dropFirst().first == "schedules" && request.method != "GET",
                    state.losesAnswer
                {
                    state.losesAnswer = false
                    return StubAnswer(.resetAfterReading)
                }
                return answer
            }
        }

        private func parts(_ request: RecordedRequest) -> [String] {
            request.path.split(separator: "?")[0].split(separator: "/").map(String.init)
        }

        private func answer(_ request: RecordedRequest, _ state: inout State) -> StubAnswer {
            let parts = parts(request)
            let fields = (try? JSONSerialization.jsonObject(with: Data(request.body))) as? [String: Any] ?? [:]
            switch (request.method, parts.count, parts.dropFirst().first ?? "") {
            case ("GET", 2, "incidents"):
                let includes = request.path.contains("include=components")
                return json(["data": state.incidents.reversed().map { object($0, withComponents: includes) }])
            case ("POST", 2, "incidents"): return create(fields, &state)
            case ("GET", 4, "incidents"), ("POST", 4, "incidents"):
                guard parts[3] == "updates",
                    let index = state.incidents.firstIndex(where: { String($0.id) == parts[2] })
                else { return .status(404, #"{"message":"Not found"}"#) }
                if request.method == "GET" {
                    return json(["data": state.incidents[index].updates.reversed().map(object)])
                }
                return update(index, fields, &state)
            case (_, 2...3, "schedules"): return schedule(request, parts, fields, &state)
            case ("GET", 3, "components"), ("PUT", 3, "components"):
                guard parts[2] == String(StubCachet.component) else { return .status(404, #"{"message":"Not found"}"#) }
                if request.method == "PUT" {
                    guard Array(fields.keys) == ["status"], let status = fields["status"] as? Int,
                        (1...5).contains(status)
                    else {
                        state.violations.append("component: \(fields)")
                        return .status(422)
                    }
                    state.component = status
                }
                return json(["data": ["id": parts[2], "type": "components", "attributes": ["status": state.component]]])
            default: return .status(404, #"{"message":"Not found"}"#)
            }
        }

        private func create(_ fields: [String: Any], _ state: inout State) -> StubAnswer {
            let known: Set = ["name", "status", "message", "visible", "stickied", "notifications", "components"]
            for key in fields.keys.sorted() where !known.contains(key) {
                state.violations.append("\(key): no such field")
            }
            let name = fields["name"] as? String ?? ""
            if name.isEmpty || name.count > 255 { state.violations.append("name: empty or too long") }
            let message = fields["message"] as? String ?? ""
            if message.isEmpty { state.violations.append("message: missing") }
            let status = fields["status"] as? Int ?? 0
            if !(1...4).contains(status) { state.violations.append("status: \(status)") }
            if !(fields["visible"] is Bool) || !(fields["notifications"] is Bool) {
                state.violations.append("visible, notifications: not both said")
            }
            for component in fields["components"] as? [[String: Int]] ?? [] {
                if component["component_id"] != StubCachet.component
                    || !(1...5).contains(component["component_status"] ?? 0) || component.count != 2
                {
                    state.violations.append("components: \(component)")
                }
                state.component = component["component_status"] ?? state.component
            }
            var incident = Incident(
                id: state.incidents.count + 1, name: name, status: status, message: message,
                isVisible: fields["visible"] as? Bool ?? false)
            incident.hasComponent = (fields["components"] as? [Any])?.isEmpty == false
            state.incidents.append(incident)
            return json(["data": object(incident)], status: 201)
        }

        private func schedule(
            _ request: RecordedRequest, _ parts: [String], _ fields: [String: Any], _ state: inout State
        ) -> StubAnswer {
            if ["POST", "PUT"].contains(request.method) { state.violations += check(schedule: fields) }
            func text(_ name: String) -> String { fields[name] as? String ?? "" }
            if parts.count == 2 {
                guard request.method == "POST" else {
                    let latest = state.schedules.sorted { $0.from > $1.from }
                    return json(["data": latest.map { object($0, now: state.now) }])
                }
                state.scheduleCount += 1
                let schedule = Schedule(
                    id: state.scheduleCount, name: text("name"), message: text("message"), from: text("scheduled_at"),
                    until: text("completed_at"))
                state.schedules.append(schedule)
                return json(["data": object(schedule, now: state.now)], status: 201)
            }
            guard let index = state.schedules.firstIndex(where: { String($0.id) == parts[2] }) else {
                return .status(404, #"{"message":"Not found"}"#)
            }
            switch request.method {
            case "GET": break
            case "PUT":
                state.schedules[index].name = text("name")
                state.schedules[index].message = text("message")
                state.schedules[index].from = text("scheduled_at")
                if !state.keepsEnds { state.schedules[index].until = text("completed_at") }
            case "DELETE":
                state.schedules.remove(at: index)
                return .status(204)
            default: return .status(405)
            }
            return json(["data": object(state.schedules[index], now: state.now)])
        }

        private func check(schedule fields: [String: Any]) -> [String] {
            var violations: [String] = []
            let known: Set = ["name", "message", "scheduled_at", "completed_at", "notifications", "components"]
            for key in fields.keys.sorted() where !known.contains(key) { violations.append("\(key): no such field") }
            let name = fields["name"] as? String ?? ""
            if name.isEmpty || name.count > 255 { violations.append("name: empty or too long") }
            if (fields["message"] as? String ?? "").isEmpty { violations.append("message: missing") }
            for key in ["scheduled_at", "completed_at"]
            where (fields[key] as? String)?.wholeMatch(of: /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/) == nil {
                violations.append("\(key): \(fields[key] ?? "missing")")
            }
            for component in fields["components"] as? [[String: Int]] ?? [[:]]
            where component["id"] != StubCachet.component || !(1...5).contains(component["status"] ?? 0) {
                violations.append("components: \(component)")
            }
            return violations
        }

        private func object(_ schedule: Schedule, now: String) -> [String: Any] {
            let status = now < schedule.from ? 0 : now < schedule.until ? 1 : 2
            return [
                "id": String(schedule.id), "type": "schedules",
                "attributes": [
                    "id": schedule.id, "name": schedule.name, "message": schedule.message,
                    "status": ["human": "", "value": status], "scheduled": ["human": "", "string": schedule.from],
                    "completed": ["human": "", "string": schedule.until],
                ] as [String: Any],
            ]
        }

        private func update(_ index: Int, _ fields: [String: Any], _ state: inout State) -> StubAnswer {
            let status = fields["status"] as? Int ?? 0
            let message = fields["message"] as? String ?? ""
            if !(1...4).contains(status) || message.isEmpty || fields.count != 2 {
                state.violations.append("update: \(fields)")
            }
            state.incidents[index].status = status
            state.incidents[index].updates.append((status, message))
            return json(["data": object((status, message))], status: 201)
        }

        private func object(_ incident: Incident, withComponents includes: Bool = false) -> [String: Any] {
            let attributes: [String: Any] = [
                "id": incident.id, "name": incident.name, "message": incident.message, "visible": incident.isVisible,
                "status": ["human": "", "value": incident.status] as [String: Any],
            ]
            var object: [String: Any] = ["id": String(incident.id), "type": "incidents", "attributes": attributes]
            if includes {
                let component = ["id": String(StubCachet.component), "type": "components"]
                object["relationships"] = ["components": ["data": incident.hasComponent ? [component] : []]]
            }
            return object
        }

        private func object(_ update: (status: Int, message: String)) -> [String: Any] {
            [
                "id": "1", "type": "incidentUpdates",
                "attributes": ["message": update.message, "status": ["human": "", "value": update.status]]
                    as [String: Any],
            ]
        }

        private func json(_ object: Any, status: Int = 200) -> StubAnswer {
            let data = (try? JSONSerialization.data(withJSONObject: object)) ?? Data()
            return .status(
                status, String(decoding: data, as: UTF8.self), headers: [("Content-Type", "application/json")])
        }
    }
}
