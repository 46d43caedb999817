import LockkeeperTestSupport
import Testing

@testable import LockkeeperCore

struct LockWaitTimesTests {
    private static func snapshot(_ times: LockWaitTimes) -> [String: HistogramAccumulator] {
        var metrics = MetricsBuilder()
        times.record(into: &metrics, target: "app")
        var found: [String: HistogramAccumulator] = [:]
        for sample in metrics.snapshot().families.flatMap(\.samples) {
            guard case .histogram(let histogram) = sample.value else { continue }
            found[sample.labels.filter { $0.name != "target" }.map(\.value).joined(separator: " ")] = histogram
        }
        return found
    }

    private static func blockedStage() -> Stage {
        var stage = Stage()
        stage.connect(50)
        stage.hold(50, .accessShare, on: "public.orders")
        stage.connect(100)
        stage.run(100, "alter table orders add note text")
        stage.block(100, behind: 50, on: "public.orders")
        return stage
    }

    @Test func aWaitIsCountedOnceAndOnlyWhenItIsOver() {
        var stage = Self.blockedStage()
        var times = LockWaitTimes()
        for _ in 1...9 {
            stage.wait(.seconds(1))
            times.advance(stage.observation)
            #expect(Self.snapshot(times).isEmpty)
        }
        stage.wait(.milliseconds(600))
        stage.finish(100)
        stage.wait(.milliseconds(400))
        times.advance(stage.observation)
        let histogram = Self.snapshot(times)["shop AccessExclusiveLock"]
        #expect(histogram?.count == 1)
        // Between the last look that saw it, after 9 s, and what the session did next, after 9.6 s.
        #expect(histogram.map { abs($0.sum - 9.3) < 0.001 } == true)
        stage.wait(.seconds(1))
        times.advance(stage.observation)
        #expect(Self.snapshot(times)["shop AccessExclusiveLock"]?.count == 1)
    }

    @Test func theNextWaitOfTheSameSessionIsAnother() {
        var stage = Self.blockedStage()
        var times = LockWaitTimes()
        for _ in 1...3 {
            times.advance(stage.observation)
            stage.wait(.seconds(1))
            stage.finish(100)
            stage.run(100, "lock table orders")
            stage.block(100, behind: 50, mode: .accessExclusive, on: "public.orders")
        }
        times.advance(stage.observation)
        #expect(Self.snapshot(times)["shop AccessExclusiveLock"]?.count == 3)
    }

    @Test func afterATimeWithoutLooksNoMoreIsClaimedThanWasSeen() {
        var stage = Self.blockedStage()
        var times = LockWaitTimes()
        stage.wait(.seconds(2))
        times.advance(stage.observation)
        stage.wait(.seconds(3600))
        stage.finish(100)
        times.advance(stage.observation)
        #expect(Self.snapshot(times)["shop AccessExclusiveLock"]?.sum == 2)
        // One that goes on through the gap is not over.
        stage.run(100, "lock table orders")
        stage.block(100, behind: 50, on: "public.orders")
        times.advance(stage.observation)
        stage.wait(.seconds(3600))
        times.advance(stage.observation)
        #expect(Self.snapshot(times)["shop AccessExclusiveLock"]?.count == 1)
    }

    @Test func withoutATimeOfTheServerAWaitBeginsWhenItIsFirstSeen() {
        var stage = Self.blockedStage()
        var times = LockWaitTimes()
        func look() {
            var observation = stage.observation
            observation.server.versionNumber = 130_000
            for index in observation.locks.indices { observation.locks[index].waitStart = nil }
            times.advance(observation)
        }
        for _ in 1...5 {
            look()
            stage.wait(.seconds(1))
        }
        stage.finish(100)
        look()
        #expect(Self.snapshot(times)["shop AccessExclusiveLock"]?.count == 1)
        #expect(Self.snapshot(times)["shop AccessExclusiveLock"].map { (4...5).contains($0.sum) } == true)
    }

    @Test func theNumberOfSeriesIsBounded() {
        var stage = Stage()
        var times = LockWaitTimes()
        for number in 0..<1000 {
            stage.connect(100)
            stage.sessions[100]?.database = "database\(number)"
            stage.block(100, on: "public.orders")
            times.advance(stage.observation)
            stage.disconnect(100)
            stage.wait(.seconds(1))
            times.advance(stage.observation)
        }
        let series = Self.snapshot(times)
        #expect(series.count <= 500)
        #expect(series.values.map(\.count).reduce(0, +) == 1000)
    }

    @Test func theTargetShowsItsWaits() {
        var stage = Self.blockedStage()
        var target = TargetState(target: "app")
        func take() {
            _ = target.advance(
                Sample(
                    target: "app", tier: .active, takenAt: stage.now, duration: .milliseconds(2),
                    content: .seen(stage.observation)))
        }
        stage.wait(.seconds(3))
        take()
        #expect(target.lockOverview?.waiters.map(\.pid) == [100])
        var metrics = MetricsBuilder()
        target.record(into: &metrics, at: stage.now)
        func value(_ name: String) -> Double? {
            metrics.snapshot().series.first { series in
                series.name == name && series.labels.contains { $0.value == "shop" }
            }?.value
        }
        #expect(value("lockkeeper_lock_waiters") == 1)
        #expect(value("lockkeeper_lock_oldest_wait_seconds") == 3)
        #expect(value("lockkeeper_lock_root_blockers") == 1)
        stage.finish(100)
        stage.wait(.seconds(1))
        take()
        target.record(into: &metrics, at: stage.now)
        #expect(value("lockkeeper_lock_waiters") == 0)
        #expect(value("lockkeeper_lock_wait_seconds_count") == 1)
    }
}
