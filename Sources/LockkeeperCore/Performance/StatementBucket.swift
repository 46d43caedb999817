/// What the queries did between two readings.
struct StatementBucket: Sendable {
    var begin: Timestamp
    var end: Timestamp
    /// Each query that was called in between, once.
    var items: [Item]
    /// How many transactions of each database were rolled back in between.
    var rollbacks: [UInt32: Int64]

    /// Small, since there may be thousands of them in each of dozens of buckets.
    struct Item: Sendable {
        var query: QueryIdentity
        var calls: UInt32
        /// Milliseconds.
        var mean: Float
        /// Square milliseconds; of the sample.
        var variance: Float
        var blocksPerCall: Float
        var readsPerCall: Float
    }

    /// Sums from which an item is made, or several are made one.
    struct Sums: Sendable {
        var calls = 0.0
        var time = 0.0
        var squares = 0.0
        var blocks = 0.0
        var reads = 0.0

        init() {}

        init(_ item: Item) {
            calls = Double(item.calls)
            time = calls * Double(item.mean)
            squares = max(0, calls - 1) * Double(item.variance) + time * Double(item.mean)
            blocks = calls * Double(item.blocksPerCall)
            reads = calls * Double(item.readsPerCall)
        }

        static func += (left: inout Sums, right: Sums) {
            left.calls += right.calls
            left.time += right.time
            left.squares += right.squares
            left.blocks += right.blocks
            left.reads += right.reads
        }

        var mean: Double { calls > 0 ? time / calls : 0 }

        /// Of the sample. Rounding may have it a little below 0.
        var variance: Double { calls > 1 ? max(0, (squares - time * mean) / (calls - 1)) : 0 }

        func item(_ query: QueryIdentity) -> Item {
            Item(
                query: query, calls: UInt32(clamping: Int64(calls)), mean: Float(mean), variance: Float(variance),
                blocksPerCall: Float(calls > 0 ? blocks / calls : 0),
                readsPerCall: Float(calls > 0 ? reads / calls : 0))
        }
    }

    init(begin: Timestamp, end: Timestamp, sums: [QueryIdentity: Sums], rollbacks: [UInt32: Int64] = [:]) {
        self.begin = begin
        self.end = end
        items = sums.map { $1.item($0) }
        self.rollbacks = rollbacks
    }

    var length: Duration { end - begin }

    /// Takes over what a bucket that follows at once holds.
    mutating func merge(_ next: StatementBucket) {
        var sums: [QueryIdentity: Sums] = [:]
        sums.reserveCapacity(max(items.count, next.items.count))
        for item in items { sums[item.query, default: Sums()] += Sums(item) }
        for item in next.items { sums[item.query, default: Sums()] += Sums(item) }
        self = StatementBucket(
            begin: begin, end: next.end, sums: sums, rollbacks: rollbacks.merging(next.rollbacks, uniquingKeysWith: +))
    }
}
