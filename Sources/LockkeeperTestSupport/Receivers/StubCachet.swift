import Foundation
import Synchronization

/// Cachet, version 3, as far as incidents go, with the validation rules of its source (cachethq/core): a request with anything wrong in it
/// gets 422 and is noted, and who does not ask for JSON is sent elsewhere, as Laravel does.
public final class StubCachet: Sendable {
    /// An incident as it stands on the page.
    public struct Incident: Sendable {
        public var id: Int
        public var name: String
        public var status: Int
        public var message: String
        public var isVisible: Bool
        /// Oldest first.
        public var updates: [(status: Int, message: String)] = []
    }

    /// The server behind it, for scripting answers and reading requests.
    public let server: StubHTTPServer
    /// What it takes.
    public static let token = "1|secretXXXXXXXXXXXXXXXXXXXX"
    public static let component = 7
    private let ledger: Ledger

    /// Starts one, hands it to `body`, and closes it whatever happens.
    public static func serving<Result>(_ body: (StubCachet) async throws -> Result) async throws -> Result {
        let ledger = Ledger()
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

    /// How the component stands.
    public var component: Int { ledger.state.withLock { $0.component } }

    /// Does the next POST and loses the answer, once.
    public func loseNextAnswer() { ledger.state.withLock { $0.losesAnswer = true } }

    private final class Ledger: Sendable {
        struct State {
            var violations: [String] = []
            var incidents: [Incident] = []
            var component = 1
            var losesAnswer = false
        }

        let state = Mutex(State())

        func answer(to request: RecordedRequest) -> StubAnswer {
            guard request.header("Accept")?.contains("application/json") == true else {
                return .redirect(to: "/login")
            }
            return state.withLock { state in
                if request.method != "GET", request.header("Authorization") != "Bearer \(StubCachet.token)" {
                    return .status(401, #"{"message":"Unauthenticated."}"#)
                }
                let count = state.violations.count
                let answer = self.answer(request, &state)
                if state.violations.count > count { return .status(422, #"{"message":"The given data was invalid."}"#) }
                if request.method == "POST", state.losesAnswer {
                    state.losesAnswer = false
                    return StubAnswer(.resetAfterReading)
                }
                return answer
            }
        }

        private func answer(_ request: RecordedRequest, _ state: inout State) -> StubAnswer {
            let parts = request.path.split(separator: "?")[0].split(separator: "/").map(String.init)
            let fields = (try? JSONSerialization.jsonObject(with: Data(request.body))) as? [String: Any] ?? [:]
            switch (request.method, parts.count, parts.dropFirst().first ?? "") {
            case ("GET", 2, "incidents"): return json(["data": state.incidents.reversed().map(object)])
            case ("POST", 2, "incidents"): return create(fields, &state)
            case ("GET", 4, "incidents"), ("POST", 4, "incidents"):
                guard parts[3] == "updates",
                    let index = state.incidents.firstIndex(where: { String($0.id) == parts[2] })
                else { return .status(404, #"{"message":"Not found"}"#) }
                if request.method == "GET" {
                    return json(["data": state.incidents[index].updates.reversed().map(object)])
                }
                return update(index, fields, &state)
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
            let incident = Incident(
                id: state.incidents.count + 1, name: name, status: status, message: message,
                isVisible: fields["visible"] as? Bool ?? false)
            state.incidents.append(incident)
            return json(["data": object(incident)], status: 201)
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

        private func object(_ incident: Incident) -> [String: Any] {
            [
                "id": String(incident.id), "type": "incidents",
                "attributes": [
                    "id": incident.id, "name": incident.name, "message": incident.message,
                    "visible": incident.isVisible, "status": ["human": "", "value": incident.status],
                ] as [String: Any],
            ]
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
