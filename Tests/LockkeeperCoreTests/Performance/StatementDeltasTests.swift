import Testing

@testable import LockkeeperCore

@Suite("The difference of two readings of statements")
struct StatementDeltasTests {
    private let key = StatementEntry.Key(databaseOID: 5, userOID: 10, queryID: -7)

    private func entry(_ key: StatementEntry.Key, times: [Double], blocks: Int64 = 0) -> StatementEntry {
        let mean = times.reduce(0, +) / Double(times.count)
        let variance = times.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(times.count)
        return StatementEntry(
            key: key, calls: Int64(times.count), totalTime: times.reduce(0, +), deviation: variance.squareRoot(),
            sharedBlocksHit: blocks)
    }

    private func reading(_ second: Double, _ entries: [StatementEntry], resetAt: Timestamp? = nil) -> StatementReading {
        StatementReading(
            serverTime: Timestamp(seconds: second),
            source: .statistics(version: "1.10", schema: "public", database: "a"),
            entries: entries, resetAt: resetAt)
    }

    @Test("has the calls', mean and variance of the time between")
    func window() throws {
        var deltas = StatementDeltas()
        let old = [2.0, 3, 7, 1]
        let new = [10.0, 14, 12, 19, 20]
        #expect(deltas.advance(reading(0, [entry(key, times: old, blocks: 40)])) == nil)
        let found = deltas.advance(reading(30, [entry(key, times: old + new, blocks: 90)]))
        let bucket = try #require(found)
        let item = try #require(bucket.items.first)
        #expect(bucket.items.count == 1 && item.calls == 5 && item.query.queryID == -7)
        #expect(abs(item.mean - 15) < 1e-4)
        #expect(abs(item.variance - 19) < 1e-3)
        #expect(item.blocksPerCall == 10)
        #expect(bucket.length == .seconds(30))
    }

    @Test("puts users, and calls from functions, of one query together")
    func users() throws {
        var deltas = StatementDeltas()
        var other = key
        other.userOID = 11
        other.isTopLevel = false
        _ = deltas.advance(reading(0, [entry(key, times: [1]), entry(other, times: [1])]))
        let found = deltas.advance(reading(30, [entry(key, times: [1, 2, 4]), entry(other, times: [1, 6])]))
        let bucket = try #require(found)
        let item = try #require(bucket.items.first)
        #expect(bucket.items.count == 1 && item.calls == 3 && abs(item.mean - 4) < 1e-5)
        #expect(abs(item.variance - 4) < 1e-4)
    }

    @Test("leaves out what was dropped and made again, and counts it")
    func eviction() throws {
        var deltas = StatementDeltas()
        let other = StatementEntry.Key(databaseOID: 5, userOID: 10, queryID: 8)
        _ = deltas.advance(reading(0, [entry(key, times: [1, 1, 1, 1]), entry(other, times: [1])]))
        let found = deltas.advance(reading(30, [entry(key, times: [9, 9]), entry(other, times: [1, 2])]))
        let bucket = try #require(found)
        #expect(bucket.items.map(\.query.queryID) == [8])
        #expect(deltas.evictions == 1)
        // From then on it counts again.
        let later = deltas.advance(reading(60, [entry(key, times: [9, 9, 5])]))
        let next = try #require(later)
        #expect(next.items.first.map(\.calls) == 1)
    }

    @Test("is none across a reset, and for an entry that is seen for the first time")
    func reset() throws {
        var deltas = StatementDeltas()
        _ = deltas.advance(reading(0, [entry(key, times: [1])], resetAt: Timestamp(seconds: -5)))
        #expect(deltas.advance(reading(30, [entry(key, times: [1, 2])], resetAt: Timestamp(seconds: 20))) == nil)
        #expect(deltas.resets == 1)
        let other = StatementEntry.Key(databaseOID: 5, userOID: 10, queryID: 8)
        let found = deltas.advance(
            reading(
                60, [entry(key, times: [1, 2, 3]), entry(other, times: [4, 4])], resetAt: Timestamp(seconds: 20)))
        let bucket = try #require(found)
        #expect(bucket.items.map(\.query.queryID) == [-7])
    }
}
