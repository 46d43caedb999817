import Glibc
import LockkeeperAgent
import LockkeeperCore
import LockkeeperNotify
import LockkeeperStore
import LockkeeperTestSupport
import LockkeeperTransfer
import Synchronization

/// Prints what it takes to empty a full outbox, and how soon what is planned is on the wire: on each line a name, a number and its unit.
///
/// The outbox is the agent's own, on this machine's disk; the receivers are webhooks on the loopback interface.
@main
enum DeliveryBenchmark {
    static let receivers = 20, perReceiver = 500, pace = Duration.milliseconds(5)

    static func main() async throws {
        var folder = Array("/tmp/lockkeeper-deliveries.XXXXXX".utf8CString)
        guard mkdtemp(&folder) != nil else { throw TestFailure("no folder: errno \(errno)") }
        let path = String(decoding: folder.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        do {
            let store = try await Store.open(path)
            try await fullOutbox(store)
            try await idleOutbox(store)
            try await store.close()
        } catch {
            remove(path)
            throw error
        }
        remove(path)
    }

    // MARK: - A full outbox

    /// Ten thousand deliveries to twenty receivers, one of which is dead; in the middle of it something critical.
    static func fullOutbox(_ store: Store) async throws {
        let sent = Mutex((count: 0, lastUrgent: 0))
        try await StubHTTPServer.serving(
            keepsContents: false,
            responder: { request in
                sent.withLock { sent in
                    sent.count += 1
                    if request.text.contains("urgent") { sent.lastUrgent = sent.count }
                }
                return .ok
            }
        ) { server in
            for receiver in 0..<receivers {
                let deliveries = (0..<perReceiver).map { delivery("r\(receiver)", "old-\($0)", .warning) }
                try await store.commit(StateChange(deliveries: deliveries))
            }
            let transfers = TransferClient()
            let courier = Courier(outbox: store)
            let before = residentMemory()
            let clock = ContinuousClock()
            let begin = clock.now
            await courier.update(receivers: clients(of: server, transfers))
            // When half of it is sent.
            let half = (receivers - 1) * perReceiver / 2
            try await server.waitForRequests(count: half, timeout: .seconds(600))
            let middle = residentMemory()
            let urgent = (1..<receivers).map { delivery("r\($0)", "urgent", .critical) }
            let sentBefore = sent.withLock { $0.count }
            try await store.commit(StateChange(deliveries: urgent))
            courier.wake()
            let all = (receivers - 1) * (perReceiver + 1)
            try await server.waitForRequests(count: all, timeout: .seconds(600))
            let lasted = clock.now - begin
            let after = residentMemory()
            print("living receivers, 9,500 deliveries sent in\t\(lasted.inSeconds)\ts")
            print("… at a rate of\t\(Double(all) / lasted.inSeconds)\t/s")
            print("… were each sent alone at its pace\t\((pace * perReceiver).inSeconds)\ts")
            let others = sent.withLock { $0.lastUrgent } - sentBefore - urgent.count
            print("the last of 19 critical ones was sent after\t\(others)\tothers of 4,750")
            print("resident memory, growth until half is sent\t\(Double(middle - before) / 1024)\tMiB")
            print("resident memory, growth from then on\t\(Double(after - middle) / 1024)\tMiB")
            let pending = try await store.outboxSummary().map(\.pending).reduce(0, +)
            print("pending for the dead receiver\t\(pending)\tdeliveries")
            await courier.shutDown()
            await transfers.shutdown()
        }
    }

    // MARK: - An idle outbox

    /// From a transition that is handed to the store until its request is on the wire.
    static func idleOutbox(_ store: Store) async throws {
        let arrived = Mutex<ContinuousClock.Instant?>(nil)
        let clock = ContinuousClock()
        try await StubHTTPServer.serving(responder: { _ in
            arrived.withLock { $0 = clock.now }
            return .ok
        }) { server in
            let transfers = TransferClient()
            let courier = Courier(outbox: store)
            await courier.update(receivers: ["quick": Webhook(url: server.url(), transfers: transfers, pace: .zero)])
            var delays: [Duration] = []
            for number in 0..<200 {
                try await Task.sleep(for: .milliseconds(20))
                arrived.withLock { $0 = nil }
                let begin = clock.now
                try await store.commit(StateChange(deliveries: [delivery("quick", "one-\(number)", .critical)]))
                courier.wake()
                try await server.waitForRequests(count: number + 1, timeout: .seconds(10))
                while arrived.withLock({ $0 }) == nil { await Task.yield() }
                if let end = arrived.withLock({ $0 }) { delays.append(end - begin) }
            }
            delays.sort()
            print("transition → request on the wire, median\t\(delays[100].inSeconds * 1000)\tms")
            print("transition → request on the wire, p99\t\(delays[198].inSeconds * 1000)\tms")
            await courier.shutDown()
            await transfers.shutdown()
        }
    }

    // MARK: - Parts

    private static func clients(of server: StubHTTPServer, _ transfers: TransferClient) -> [String: any DeliveryClient]
    {
        // Nothing listens on port 1.
        Dictionary(
            uniqueKeysWithValues: (0..<receivers).map { number in
                let url = number == 0 ? "http://127.0.0.1:1/hook" : server.url()
                return ("r\(number)", Webhook(url: url, transfers: transfers, pace: pace))
            })
    }

    private static func delivery(_ receiver: String, _ incident: String, _ severity: Severity) -> Delivery {
        let now = SystemCourierClock().now
        return Delivery(
            id: StableIdentifier.derive(from: receiver, incident), incidentID: incident, receiver: receiver,
            sequence: 1,
            notification: Notification(
                incidentID: incident, reason: .opened, severity: severity, isResolved: false, title: incident,
                since: now, at: now, duration: .zero,
                facts: IncidentFacts(target: "app", summary: String(repeating: "It waits for a lock. ", count: 20)),
                sender: "benchmark"),
            plannedAt: now)
    }

    private struct Webhook: DeliveryClient {
        var url: String
        var transfers: TransferClient
        var pace: Duration

        func deliver(_ delivery: Delivery) async -> DeliveryOutcome {
            await ReceiverClient(transfers: transfers).deliver(
                delivery, to: .webhook(WebhookDestination(url: url, allowsPlainHTTP: true)),
                at: SystemCourierClock().now)
        }
    }

    /// In KiB (`man 5 proc`: statm counts pages).
    private static func residentMemory() -> Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var buffer = [CChar](repeating: 0, count: 256)
        guard fgets(&buffer, 256, file) != nil else { return 0 }
        let fields = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self).split(
            separator: " ")
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * sysconf(Int32(_SC_PAGESIZE)) / 1024 : 0
    }

    private static func remove(_ folder: String) {
        for name in ["lockkeeper.sqlite", "lockkeeper.sqlite-wal", "lockkeeper.sqlite-shm", "lockkeeper.lock"] {
            unlink("\(folder)/\(name)")
        }
        rmdir(folder)
    }
}
