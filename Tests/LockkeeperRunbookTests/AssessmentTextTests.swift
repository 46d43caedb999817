import LockkeeperCore
import LockkeeperTestSupport
import Testing

@testable import LockkeeperRunbook

/// What a person reads at three in the morning.
struct AssessmentTextTests {
    private static let now = Timestamp(seconds: 1_764_000_000)
    private static let server = Server(versionNumber: 150_018, startedAt: now - .seconds(3600), database: "shop")

    private func assessment(_ findings: [Finding], locks: LockOverview? = nil) -> Assessment {
        Assessment(target: "shop", at: Self.now, server: Self.server, findings: findings, locks: locks)
    }

    @Test func `A server without findings is said to have nothing wrong`() {
        let text = AssessmentText(assessment([])).text
        #expect(text == "shop: PostgreSQL 15.18, seen at \(Self.now.readable)\nNothing is wrong.")
    }

    @Test func `What is only worth knowing does not make a server wrong`() {
        let finding = Finding(.working, severity: .info, target: "shop", summary: "It works")
        #expect(assessment([finding]).isFine)
        #expect(AssessmentText(assessment([finding])).text.contains("Nothing is wrong; worth knowing: 1 info."))
    }

    @Test func `A finding is read from top to bottom: what, why, what to type`() {
        let finding = Finding(
            .lockQueue, severity: .critical, target: "shop", database: "shop", summary: "It is stuck",
            evidence: ["4 sessions wait."],
            statements: [.init(pid: 7, isRunning: true, text: "ALTER TABLE orders ADD note text\u{1B}[2J")],
            actions: [
                .init("Cancel it", command: "SELECT pg_cancel_backend(7)"), .init("Think"),
                .init("Repair", command: "flyway repair"),
            ])
        #expect(
            AssessmentText(assessment([finding])).text == """
                shop: PostgreSQL 15.18, seen at \(Self.now.readable)
                To see to: 1 critical.

                [CRITICAL] It is stuck
                  (lock_queue, database shop)
                  - 4 sessions wait.
                  pid 7 runs: ALTER TABLE orders ADD note text\u{FFFD}[2J
                  What to do:
                  1. Cancel it:
                       SELECT pg_cancel_backend(7);
                  2. Think.
                  3. Repair:
                       flyway repair
                """)
    }

    @Test func `Who waits for whom is drawn from the root to the last in the queue, and a long queue is cut off`() {
        var stage = Stage()
        stage.connect(1, application: "notebook")
        stage.run(1, "SELECT 1")
        stage.hold(1, .accessShare, on: "public.orders")
        stage.finish(1, inTransaction: true)
        stage.connect(2, application: "drizzle")
        stage.run(2, "ALTER TABLE orders ADD note text")
        stage.block(2, on: "public.orders")
        for pid in Int32(3)...22 {
            stage.wait(.seconds(1))
            stage.connect(pid, application: "web")
            stage.run(pid, "SELECT * FROM orders")
            stage.block(pid, mode: .accessShare, on: "public.orders")
        }
        let observation = stage.observation
        let overview = LockOverview(observation, graph: observation.waitGraph, privacy: .normalized)
        let lines = WaitTree(overview).text.split(separator: "\n")
        #expect(lines.count == 1 + 1 + 1 + 8 + 1)
        #expect(lines[1] == "  pid 1 deploy (notebook): idle in transaction for 20s")
        #expect(lines[2] == "  └─ pid 2 deploy (drizzle): waits for 20s for ACCESS EXCLUSIVE on public.orders")
        #expect(lines[3].hasPrefix("     ├─ pid 3 deploy (web): waits for 19s for ACCESS SHARE on public.orders"))
        #expect(lines[11] == "     └─ and 12 more")
    }

    @Test func `A server that could not be reached is told with the reason and nothing else`() {
        let failed = Assessment(
            target: "shop", at: Self.now,
            failure: SampleFailure(reason: .unreachable, message: "nobody listens on 127.0.0.1:1"))
        #expect(AssessmentText(failed).text == "shop could not be looked at: nobody listens on 127.0.0.1:1")
        #expect(!failed.isFine)
    }
}
