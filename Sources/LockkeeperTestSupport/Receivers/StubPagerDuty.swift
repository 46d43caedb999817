import Foundation
import Synchronization

/// PagerDuty's Events API, strictly (developer.pagerduty.com: "Send an Alert Event"): an event with anything wrong in it gets 400 and is
/// noted.
public final class StubPagerDuty: Sendable {
    /// How an incident stands there.
    public enum Standing: String, Sendable, Hashable {
        case triggered, acknowledged, resolved
    }

    /// The server behind it, for scripting answers and reading requests.
    public let server: StubHTTPServer
    /// The key that it takes.
    public static let routingKey = "secretXXXXXXXXXXXXXXXXXXXXXXXX01"
    private let ledger: Ledger

    /// Starts one, hands it to `body`, and closes it whatever happens.
    ///
    /// - Parameter eventsPerMinute: more than these get 429.
    public static func serving<Result>(
        eventsPerMinute: Int = 120, _ body: (StubPagerDuty) async throws -> Result
    ) async throws -> Result {
        let ledger = Ledger(limit: eventsPerMinute)
        return try await StubHTTPServer.serving(responder: { ledger.answer(to: $0) }) {
            try await body(StubPagerDuty($0, ledger))
        }
    }

    private init(_ server: StubHTTPServer, _ ledger: Ledger) {
        self.server = server
        self.ledger = ledger
    }

    /// Where the API is.
    public var url: String { server.url("") }

    /// Everything that was wrong with events so far.
    public var violations: [String] { ledger.state.withLock { $0.violations } }

    /// The actions that were accepted, in order.
    public var actions: [String] { ledger.state.withLock { $0.actions } }

    /// How each incident stands, by its `dedup_key`.
    public var incidents: [String: Standing] { ledger.state.withLock { $0.incidents } }

    /// How many incidents were opened, an incident that was opened again after its end counting twice.
    public var opened: Int { ledger.state.withLock { $0.opened } }

    private final class Ledger: Sendable {
        struct State {
            var violations: [String] = []
            var actions: [String] = []
            var incidents: [String: Standing] = [:]
            var opened = 0
            var arrivals: [ContinuousClock.Instant] = []
        }

        let state = Mutex(State())
        private let limit: Int

        init(limit: Int) { self.limit = limit }

        func answer(to request: RecordedRequest) -> StubAnswer {
            guard request.path == "/v2/enqueue" else { return .status(404, "Not Found") }
            guard request.method == "POST" else { return .status(405) }
            guard request.body.count <= 512 * 1024 else { return .status(413, "too large") }
            var violations = PagerDutyEventCheck(Data(request.body)).violations
            if request.header("Content-Type")?.hasPrefix("application/json") != true {
                violations.append("Content-Type: not application/json")
            }
            let event = (try? JSONSerialization.jsonObject(with: Data(request.body))) as? [String: Any] ?? [:]
            return state.withLock { state in
                state.arrivals = state.arrivals.filter { request.arrival - $0 < .seconds(60) } + [request.arrival]
                guard state.arrivals.count <= limit else {
                    return .status(
                        429,
                        #"{"status":"throttle exceeded","message":"Requests for this service are arriving too quickly."}"#
                    )
                }
                guard event["routing_key"] as? String == StubPagerDuty.routingKey else {
                    return .status(
                        400,
                        #"{"status":"invalid event","message":"Event object is invalid","errors":["Invalid routing key"]}"#
                    )
                }
                state.violations += violations
                guard violations.isEmpty, let action = event["event_action"] as? String,
                    let key = event["dedup_key"] as? String
                else {
                    return .status(400, #"{"status":"invalid event","message":"Event object is invalid"}"#)
                }
                state.actions.append(action)
                let standing = state.incidents[key]
                switch action {
                case "trigger":
                    if standing == nil || standing == .resolved { state.opened += 1 }
                    if standing != .acknowledged { state.incidents[key] = .triggered }
                case "acknowledge": if standing == .triggered { state.incidents[key] = .acknowledged }
                // What it does not know it cannot resolve, and says nothing.
                default: if standing != nil { state.incidents[key] = .resolved }
                }
                return .status(
                    202, #"{"status":"success","message":"Event processed","dedup_key":"\#(key)"}"#)
            }
        }
    }
}
