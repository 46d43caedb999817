import Foundation
import LockkeeperCore
import Testing

// Not that of Foundation.
import struct LockkeeperCore.Progress

@Suite struct ProgressEstimateTests {
    private static let origin = Timestamp(seconds: 1_764_000_000)

    private static func building(_ blocks: Int64, of total: Int64? = 10_000) -> Progress {
        Progress(
            pid: 100, command: .createIndex, operation: "CREATE INDEX", database: "shop",
            relation: .init(oid: 20_000, name: "public.orders"), phase: "building index: scanning table",
            blocks: .init(blocks, of: total))
    }

    private static func progress(_ phase: String, _ change: (inout Progress) -> Void = { _ in }) -> Progress {
        var progress = building(0)
        progress.phase = phase
        change(&progress)
        return progress
    }

    /// What is said at the last of looks at `rows`, at these seconds.
    private static func estimate(_ looks: [(second: Double, row: Progress?)]) -> RunProgress? {
        var estimate = ProgressEstimate()
        var result: RunProgress?
        for (second, row) in looks {
            result = estimate.advance(
                row.map { [$0] } ?? [], at: origin + .milliseconds(Int64(second * 1000)))
        }
        return result
    }

    /// Looks once a second at a counter.
    private static func every(
        _ seconds: ClosedRange<Int>, _ row: (Int64) -> Progress
    ) -> [(second: Double, row: Progress?)] {
        seconds.map { (Double($0), row(Int64($0))) }
    }

    @Test func `Time left is what the rest takes at the observed rate`() throws {
        let seen = try #require(Self.estimate(Self.every(0...20) { Self.building(1000 + $0 * 100) }))
        #expect(seen.ratio == 0.3)
        #expect(seen.remaining == .seconds(70))
        #expect(seen.phase == "building index: scanning table")
        #expect(seen.counter == .init(3000, of: 10_000) && seen.unit == .blocks)
        #expect(!seen.coversCommand)
        #expect(
            seen.followingPhases == ["building index: sorting live tuples", "building index: loading tuples in tree"])
        #expect(seen.lastAdvance == Self.origin + .seconds(20))
    }

    @Test func `There is no time left before it means anything`() {
        #expect(Self.estimate(Self.every(0...4) { Self.building(1000 + $0 * 100) })?.remaining == nil, "watched 4 s")
        #expect(Self.estimate(Self.every(0...5) { Self.building(1000 + $0 * 100) })?.remaining == .seconds(85))
        #expect(Self.estimate(Self.every(0...30) { Self.building($0 * 3) })?.remaining == nil, "0.9 % are done")
        #expect(Self.estimate(Self.every(0...30) { Self.building(1000 + $0, of: nil) })?.remaining == nil, "of unknown")
        #expect(Self.estimate(Self.every(0...30) { _ in Self.building(1000) })?.remaining == nil, "it stands still")
        #expect(Self.estimate([]) == nil)
    }

    @Test func `A counter that stops takes the time left away, and says since when`() {
        let moving = Self.every(0...30) { Self.building(1000 + $0 * 100) }
        let short = Self.estimate(moving + Self.every(31...40) { _ in Self.building(4000) })
        #expect(short?.remaining == .seconds(80), "the rate sinks: 3000 blocks in 40 s")
        let long = Self.estimate(moving + Self.every(31...45) { _ in Self.building(4000) })
        #expect(long?.remaining == nil)
        #expect(long?.lastAdvance == Self.origin + .seconds(30))
        #expect(long?.isAdvancing(at: Self.origin + .seconds(45)) == false)
        #expect(long?.ratio == 0.4, "how far it is remains known")
    }

    @Test func `The rate is that of the last minute`() {
        let fast = Self.every(0...40) { Self.building($0 * 100) }
        let slow = Self.every(41...110) { Self.building(4000 + ($0 - 40) * 10) }
        #expect(Self.estimate(fast + slow)?.remaining == .seconds(530))
    }

    @Test func `A new phase, partition or round is watched anew`() {
        let scanned = Self.every(0...20) { Self.building($0 * 400) }
        let loading = Self.every(21...24) { second in
            Self.progress("building index: loading tuples in tree") { $0.tuples = .init(second * 100, of: 10_000) }
        }
        let seen = Self.estimate(scanned + loading)
        #expect(seen?.unit == .tuples && seen?.ratio == 0.24 && seen?.remaining == nil)
        #expect(seen?.lastAdvance == Self.origin + .seconds(24))
        let next = Self.every(21...24) { Self.building(($0 - 20) * 400) }
        #expect(Self.estimate(scanned + next)?.remaining == nil, "its counter went back")
        let partition = Self.every(21...24) { second in
            Self.progress("building index: scanning table") {
                $0.blocks = .init(8000 + second, of: 10_000)
                $0.partitions = .init(1, of: 3)
            }
        }
        #expect(Self.estimate(scanned + partition)?.remaining == nil)
    }

    @Test(
        arguments: [
            (.createIndex, "waiting for old snapshots"), (.cluster, "rebuilding index"),
            (.vacuum, "vacuuming indexes"), (.analyze, "computing extended statistics"),
        ] as [(Progress.Command, String)])
    func `Where one step is not like the other there is a ratio and no time left`(
        command: Progress.Command, phase: String
    ) {
        let seen = Self.estimate(
            Self.every(0...30) { second in
                Self.progress(phase) {
                    $0.command = command
                    $0.lockers = .init(second, of: 60)
                    $0.parts = .init(second, of: 60)
                }
            })
        #expect(seen?.ratio == 0.5 && seen?.remaining == nil)
    }

    @Test func `A wait for others names the one that it is for now`() {
        let waiting = Self.progress("waiting for old snapshots") {
            $0.operation = "CREATE INDEX CONCURRENTLY"
            $0.index = .init(oid: 20_001, name: "public.orders_note_idx")
            $0.lockers = .init(1, of: 3)
            $0.currentLockerPID = 4711
        }
        let seen = Self.estimate([(0, waiting)])
        #expect(seen?.lockers == .init(1, of: 3) && seen?.currentLockerPID == 4711)
        #expect(seen?.followingPhases == [])
        #expect(
            seen?.text
                == "creating index public.orders_note_idx concurrently: waiting for old snapshots, 1 of 3 transactions, now for pid 4711"
        )
        let building = Self.estimate([(0, Self.building(1))])
        #expect(building?.lockers == nil && building?.currentLockerPID == nil)
    }

    @Test func `A copy counts its bytes where the size is known, else its rows, and is the whole command`() {
        func copy(_ bytes: Int64, of total: Int64?, _ tuples: Int64) -> Progress {
            Progress(
                pid: 7, command: .copy, operation: "COPY FROM", relation: .init(oid: 1, name: "public.orders"),
                tuples: .init(tuples, of: nil), bytes: .init(bytes, of: total))
        }
        let file = Self.estimate(Self.every(0...10) { copy($0 * 50, of: 1000, $0) })
        #expect(file?.unit == .bytes && file?.ratio == 0.5 && file?.remaining == .seconds(10))
        #expect(file?.coversCommand == true)
        #expect(file?.text == "copying rows into public.orders: 50 %, about 10s left")
        let pipe = Self.estimate(Self.every(0...10) { copy($0 * 50, of: nil, $0 * 3) })
        #expect(pipe?.unit == .tuples && pipe?.ratio == nil && pipe?.remaining == nil)
        #expect(pipe?.coversCommand == false)
        #expect(pipe?.isAdvancing(at: Self.origin + .seconds(10)) == true)
        #expect(pipe?.text == "copying rows into public.orders: 30 tuples")
    }

    @Test func `A command that was there at the first look does not advance before it was seen to`() {
        #expect(Self.estimate([(0, Self.building(5))])?.lastAdvance == nil)
        #expect(Self.estimate([(0, nil), (1, Self.building(5))])?.lastAdvance == Self.origin + .seconds(1))
        #expect(Self.estimate([(0, Self.building(5)), (1, Self.building(5))])?.lastAdvance == nil)
        #expect(
            Self.estimate([(0, Self.building(5)), (1, Self.progress("building index: sorting live tuples"))])?
                .lastAdvance == Self.origin + .seconds(1))
    }

    @Test func `What is kept does not grow with the looks, and survives a restart of the agent`() throws {
        var estimate = ProgressEstimate()
        var bytes = 0
        for look in 0..<20_000 {
            let at = Self.origin + .milliseconds(look * 100)
            _ = estimate.advance([Self.building(Int64(look), of: 40_000)], at: at)
            if look == 10_000 { bytes = try JSONEncoder().encode(estimate).count }
        }
        let kept = try JSONEncoder().encode(estimate)
        #expect(kept.count < 10_000 && kept.count <= bytes + 100)
        var other = try JSONDecoder().decode(ProgressEstimate.self, from: kept)
        let at = Self.origin + .seconds(2000)
        let seen = other.advance([Self.building(20_000, of: 40_000)], at: at)
        #expect(seen == estimate.advance([Self.building(20_000, of: 40_000)], at: at))
        #expect(seen?.remaining == .seconds(2000))
    }

    @Test func `A percentage is 100 only when all is done, and a guess is rounded`() {
        var progress = RunProgress(
            operation: "CREATE INDEX", relation: "public.orders", phase: "building index: scanning table",
            unit: .blocks, ratio: 0.999, remaining: .seconds(164))
        #expect(
            progress.text
                == "creating an index on public.orders: building index: scanning table, 99 %, about 3m left of this phase"
        )
        progress.ratio = 1
        progress.remaining = .milliseconds(43_210)
        progress.phase = nil
        #expect(progress.text == "creating an index on public.orders: 100 %, about 45s left of this phase")
    }
}
