import LockkeeperTestSupport
import Testing

@testable import LockkeeperCore

struct ImpactTests {
    /// A migration that waits for a reader and holds up two others, while it holds a lock that a third waits for.
    private static func stage() -> Stage {
        var stage = Stage()
        stage.connect(50, application: "reports", user: "ana")
        stage.run(50, "select * from orders")
        stage.finish(50, inTransaction: true)
        stage.connect(100)
        stage.run(100, "alter table customers add note text")
        stage.hold(100, .accessExclusive, on: "public.customers", oid: 20_001)
        stage.run(100, "alter table orders add note text")
        stage.block(100, behind: 50, on: "public.orders")
        for pid: Int32 in [201, 202] {
            stage.wait(.seconds(10))
            stage.connect(pid, application: "web", user: "shop")
            stage.run(pid, "select * from orders where secret = 'x'")
            stage.block(pid, behind: 100, mode: .accessShare, on: "public.orders")
        }
        stage.wait(.seconds(10))
        stage.connect(203, application: "web", user: "shop")
        stage.run(203, "select 1 from customers")
        stage.block(203, behind: 100, mode: .accessShare, on: "public.customers", oid: 20_001)
        stage.wait(.seconds(5))
        return stage
    }

    @Test func aRunTellsWhomItHoldsUpForHowLongAndOnWhat() throws {
        var stage = Self.stage()
        let run = try #require(stage.look().started.first)
        let impact = try #require(run.standing.impact)
        #expect(impact.total == 3 && impact.direct == 1)
        #expect(impact.victims.map(\.pid) == [201, 202, 203])
        #expect(impact.victims.map(\.isQueued) == [true, true, false])
        #expect(impact.victims[0].waitingSince == stage.now - .seconds(25))
        #expect(impact.victims[0].waitingFor == "ACCESS SHARE on public.orders")
        #expect(impact.victims[2].waitingFor == "ACCESS SHARE on public.customers")
        #expect(impact.victims[0].user == "shop" && impact.victims[0].applicationName == "web")
        #expect(impact.victims[0].query == "select * from orders where secret = ?")
        #expect(run.standing.blockedSessions == 3)
        #expect(run.standing.blockedSince == stage.now - .seconds(25))
        #expect(run.standing.rootBlockers.map(\.pid) == [50])
        #expect(run.standing.waitingFor == "ACCESS EXCLUSIVE on public.orders")
        let details = RunDescription(run, at: stage.now).facts(labels: [:]).details
        #expect(
            details.filter { $0.name == "Held up" }.map(\.value) == [
                "pid 201 of shop (web), waiting 25s for ACCESS SHARE on public.orders, queued behind others",
                "pid 202 of shop (web), waiting 15s for ACCESS SHARE on public.orders, queued behind others",
                "pid 203 of shop (web), waiting 5s for ACCESS SHARE on public.customers",
            ])
    }

    @Test func ofManyVictimsTheLongestWaitsAreKept() throws {
        var stage = Self.stage()
        for pid in Int32(300)..<400 {
            stage.connect(pid)
            stage.run(pid, "select 1 from customers")
            stage.block(pid, behind: 100, mode: .accessShare, on: "public.customers", oid: 20_001)
        }
        let impact = try #require(stage.look().started.first?.standing.impact)
        #expect(impact.total == 103 && impact.direct == 101)
        #expect(impact.victims.count == Impact.kept)
        #expect(impact.victims.prefix(3).map(\.pid) == [201, 202, 203])
    }

    @Test func whoHoldsUpNobodyHasNoImpact() throws {
        var stage = Stage()
        stage.connect(100)
        stage.run(100, "alter table orders add note text")
        stage.hold(100, .accessExclusive, on: "public.orders")
        let run = try #require(stage.look().started.first)
        #expect(run.standing.impact == nil && run.standing.blockedSessions == 0 && run.standing.blockedSince == nil)
    }

    @Test func onlyThePreparedTransactionThatIsInTheWayIsNamed() throws {
        var stage = Stage()
        stage.preparedTransactions = [
            PreparedTransaction(gid: "mine", preparedAt: stage.now, owner: "ana", database: "shop", transactionID: 9),
            PreparedTransaction(gid: "other", preparedAt: stage.now, owner: "bob", database: "shop", transactionID: 8),
        ]
        stage.locks.append(
            HeldLock(
                pid: 0, object: LockObject(kind: .relation, relation: 20_000), mode: .accessShare, isGranted: true,
                virtualTransaction: "-1/9"))
        stage.connect(100)
        stage.run(100, "alter table orders add note text")
        stage.block(100, on: "public.orders")
        let run = try #require(stage.look().started.first)
        #expect(run.standing.rootBlockers.map(\.gid) == ["mine"])
        #expect(run.standing.rootBlockers.first?.remedy == "ROLLBACK PREPARED 'mine'")
    }

    @Test func theOverviewShowsTheWholeGraphWithTextsAsPrivacyLeavesThem() throws {
        let observation = Self.stage().observation
        let overview = LockOverview(observation, graph: observation.waitGraph, privacy: .normalized)
        #expect(overview.waiterCount == 4 && overview.queueCount == 2 && overview.rootBlockerCount == 1)
        #expect(overview.waiters.map(\.pid) == [100, 201, 202, 203])
        #expect(overview.waiters[1].query == "select * from orders where secret = ?")
        #expect(overview.waiters[1].blockers == [.init(owner: .session(100), isHard: false)])
        #expect(overview.waiters[3].blockers == [.init(owner: .session(100), isHard: true)])
        #expect(overview.waiters[3].object == "public.customers" && overview.waiters[3].mode == .accessShare)
        let root = try #require(overview.rootBlockers.first)
        #expect(root.blocker.pid == 50 && root.victims == 4 && root.directVictims == 1)
        #expect(root.blocker.state == .idleInTransaction)
        #expect(overview.queues.map(\.depth) == [3, 1])
        #expect(overview.queues[0].heldModes == [.accessShare])
        #expect(overview.queues[0].wantedModes == [.accessShare, .accessExclusive])
        #expect(overview.queues[0].oldestSince == observation.serverTime - .seconds(35))
        let hidden = LockOverview(observation, graph: observation.waitGraph, privacy: .none)
        #expect(hidden.waiters.allSatisfy { !$0.query.contains("select") })
    }
}
