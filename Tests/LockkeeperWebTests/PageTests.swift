import Foundation
import LockkeeperCore
import LockkeeperTestSupport
import LockkeeperWeb
import Testing

struct PageTests {
    @Test func thePageObeysOnlyItsOwnStyleAndScript() async throws {
        try await withServer(StubAgent()) { address in
            let (first, second) = (try await address.get("/"), try await address.get("/"))
            #expect(first.headers["content-type"] == "text/html; charset=utf-8")
            let policy = try #require(first.headers["content-security-policy"])
            let nonce = try #require(policy.firstMatch(of: /script-src 'nonce-([0-9a-f]{32})'/)).1
            #expect(policy.contains("style-src 'nonce-\(nonce)'"))
            #expect(!policy.contains("unsafe"))
            #expect(first.text.components(separatedBy: "nonce=\"\(nonce)\"").count == 3)
            #expect(first.text.matches(of: /<(script|style)\b/).count == 2)
            #expect(second.headers["content-security-policy"] != policy, "each answer has a nonce of its own")
        }
    }

    @Test func thePageNeedsNothingFromElsewhere() async throws {
        try await withServer(StubAgent()) { address in
            let text = try await address.get("/").text
            let addresses = text.matches(of: /https?:\/\/[^'"\s)]+/).map { String($0.0) }
            #expect(addresses == ["http://www.w3.org/2000/svg"], "the namespace of the icon")
            #expect(text.firstMatch(of: /\s(src|onclick|onload|style)=/) == nil)
            #expect(!text.contains("innerHTML") && !text.contains("eval("))
            for link in text.matches(of: /href="(\/[^"]*)"/).map({ String($0.1) }) {
                #expect(try await address.get(link).status == 200, "\(link)")
            }
        }
    }

    private static let begin = Timestamp(seconds: 1_700_000_000)

    /// Runs that end in each way, one that nobody saw, and one that is far from its end and holds others up.
    private static let runs: [MigrationRun] = {
        let outcomes: [Outcome] = [
            .committed(versions: ["a"]), .failed(evidence: "why it failed"), .cancelled(evidence: "who cancelled it"),
            .lost(evidence: "what is not known"), .unseen(evidence: "too quick"),
            .unseen(evidence: "the index orders_note is gone"),
        ]
        var runs = outcomes.enumerated().map { number, outcome in
            MigrationRun(
                id: "r\(number)", target: "app", database: "shop", tool: "drizzle",
                user: number < outcomes.count - 1 ? "deploy" : "", sessions: [], begin: begin,
                end: begin + .seconds(30), outcome: outcome)
        }
        let victims = [true, false].map { isQueued in
            Impact.Victim(
                pid: isQueued ? 12 : 13, user: "web", database: "shop", applicationName: "checkout",
                waitingSince: begin + .seconds(50), waitingFor: "ACCESS SHARE on public.orders", isQueued: isQueued)
        }
        runs.append(
            MigrationRun(
                id: "running", target: "app", database: "shop", tool: "drizzle", migrations: ["0042_orders"],
                sessions: [], begin: begin,
                standing: Standing(
                    state: .blocking, blockedSessions: 40, blockedSince: begin + .seconds(50),
                    impact: Impact(total: 40, direct: 30, victims: victims),
                    progress: RunProgress(
                        operation: "CREATE INDEX", index: "public.orders_note", counter: .init(42, of: 100),
                        unit: .blocks, ratio: 0.42,
                        step: .init(
                            migrationsDone: 2, migrationsTotal: 3, migration: "0042_orders", statement: 1,
                            statementsTotal: 4)))))
        return runs
    }()

    @Test(.enabled(if: Browser.isInstalled, "needs chromium-headless-shell"))
    func aBrowserWithANameAndAPasswordShowsThePage() async throws {
        let agent = StubAgent()
        await agent.change { agent in
            agent.runs = Self.runs.map { RunSnapshot(run: $0, serverTime: Self.begin + .seconds(60)) }
        }
        let configuration = WebServer.Configuration(port: 0, users: { ["ana": BasicAuthTests.hash] })
        try await withServer(agent, configuration) { address in
            let shown = try await Browser.text(of: "http://ana:correct%20horse@127.0.0.1:\(address.port)/")
            #expect(shown.contains("creating index public.orders_note"), "\(shown)")
            let stranger = try await Browser.text(of: "http://127.0.0.1:\(address.port)/")
            #expect(!stranger.contains("orders_note"), "\(stranger)")
        }
    }

    @Test(.enabled(if: Browser.isInstalled, "needs chromium-headless-shell"))
    func aBrowserShowsEachWayInWhichARunStandsOrEnds() async throws {
        let agent = StubAgent()
        await agent.change { agent in
            agent.runs = Self.runs.map { RunSnapshot(run: $0, serverTime: Self.begin + .seconds(60)) }
        }
        try await withServer(agent) { address in
            let shown = try await Browser.text(of: "http://127.0.0.1:\(address.port)/")
            #expect(!shown.contains("No answer from the agent"), "\(shown)")
            for text in [
                "2 of 3 migrations done · running statement 1 of 4 of 0042_orders", "creating index public.orders_note",
                "Holds up 40 sessions", "Who waits: 30 for its locks, 10 queued", "and 38 more",
                "for ACCESS SHARE on public.orders, queued behind others", "why it failed",
                "who cancelled it", "what is not known", "the index orders_note is gone", "within 30s", "took 30s",
            ] {
                #expect(shown.contains(text), "\(text) in \(shown)")
            }
        }
    }
}

/// A real browser without a screen.
private enum Browser {
    private static let path = "/usr/bin/chromium-headless-shell"

    static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: path) }

    /// What a page shows, three seconds after it was opened, without its markup.
    static func text(of address: String) async throws -> String {
        let profile = FileManager.default.temporaryDirectory.appending(path: "lockkeeper-page-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: profile) }
        let document = try await document(at: address, profile.path)
        return document.replacing(/(?s)<(script|style)\b.*?<\/(script|style)>/, with: "").replacing(/<[^>]*>/, with: "")
    }

    private static func document(at address: String, _ profile: String) async throws -> String {
        // What it complains of is not to be among what it shows.
        let command = [
            "sh", "-c", "exec \"$@\" 2>/dev/null", "sh", path, "--headless", "--no-sandbox", "--disable-gpu",
            "--disable-dev-shm-usage", "--user-data-dir=\(profile)", "--virtual-time-budget=3000", "--dump-dom",
            address,
        ]
        // On a busy machine it may never end, whatever the page is.
        for _ in 1...2 {
            if let result = try? await SystemTool.run(command, timeout: .seconds(45)) { return result.output }
        }
        return try await SystemTool.run(command).output
    }
}
