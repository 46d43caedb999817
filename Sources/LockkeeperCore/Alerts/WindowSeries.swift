import PromQL

/// A series in the window. Its newest samples lie as they are, so that what rules look back on is a slice and no copy;
/// older ones are packed.
struct WindowSeries: Sendable {
    /// What of a series is kept.
    struct Keeping {
        /// How far back samples are kept, in milliseconds before the newest; 0 for the newest alone.
        var length: Int64
        /// How far back they lie as they are, because rules look back so far at each evaluation.
        var plain: Int64
        /// How many are kept at most.
        var most: Int
    }

    /// How many samples are packed together: enough for the head of a pack to weigh little, few enough to be unpacked
    /// quickly for one of them.
    static let packSize = 120
    /// How many samples lie as they are at most, however far rules look back.
    static let mostPlain = 1200

    let labels: Labels
    /// Who appends to it; when the owner appends without it, it has ended.
    var owner: SeriesWindow.Owner
    /// The number of the append that last wrote to it.
    var written: UInt64 = 0
    /// The older samples, ascending in time.
    private var packs: [PackedSamples] = []
    private var packedCount = 0
    /// The newer samples.
    private var samples: [PromQL.Sample] = []
    /// The first of them that still counts; removing from the front of an array at each append would copy it each time.
    private var head = 0

    /// What its labels and its places in the window's tables take, in bytes, about.
    private let overhead: Int

    init(labels: Labels, owner: SeriesWindow.Owner) {
        self.labels = labels
        self.owner = owner
        overhead = labels.reduce(250) { $0 + $1.name.utf8.count + $1.value.utf8.count }
    }

    var newest: PromQL.Sample? { samples.count > head ? samples.last : nil }

    var count: Int { packedCount + samples.count - head }

    /// The memory that it takes, about.
    var byteCount: Int {
        packs.reduce(samples.capacity * MemoryLayout<PromQL.Sample>.stride + overhead) { $0 + $1.byteCount }
    }

    mutating func append(_ sample: PromQL.Sample, keeping: Keeping) {
        if let newest, newest.timestamp >= sample.timestamp { discard(from: sample.timestamp) }
        if keeping.length == 0 {
            samples = [sample]
            head = 0
            packs = []
            packedCount = 0
            return
        }
        samples.append(sample)
        forget(before: sample.timestamp - keeping.length)
        if count > keeping.most { thin() }
        pack(before: sample.timestamp - keeping.plain)
    }

    mutating func forget(before oldest: Int64) {
        if let first = packs.first, first.lastTime < oldest {
            let gone = packs.prefix { $0.lastTime < oldest }
            packedCount -= gone.reduce(0) { $0 + $1.count }
            packs.removeFirst(gone.count)
        }
        if packs.isEmpty {
            // The newest stays: it may be that of a rule which is evaluated rarely.
            while head + 1 < samples.count, samples[head].timestamp < oldest { head += 1 }
            trim()
        }
    }

    /// A clock that was set back: what was measured after "now" is no longer true.
    private mutating func discard(from time: Int64) {
        while samples.count > head, let last = samples.last, last.timestamp >= time { samples.removeLast() }
        while samples.count == head, let last = packs.popLast() {
            packedCount -= last.count
            samples.removeAll(keepingCapacity: true)
            head = 0
            last.unpack(from: .min, through: time - 1, into: &samples)
        }
    }

    /// Packs what is older than `time`, in whole packs.
    private mutating func pack(before time: Int64) {
        let end = head + Self.packSize
        guard samples.count > end, samples[end - 1].timestamp < time || samples.count - head > Self.mostPlain,
            let pack = PackedSamples(samples[head..<end])
        else { return }
        packs.append(pack)
        packedCount += pack.count
        head = end
        trim()
    }

    private mutating func trim() {
        guard head > 32, head > samples.count / 2 else { return }
        samples.removeFirst(head)
        head = 0
    }

    /// Gives up every second sample of the older half, so that the window keeps its length and loses resolution there.
    private mutating func thin() {
        var all: [PromQL.Sample] = []
        all.reserveCapacity(count)
        for pack in packs { pack.unpack(from: .min, through: .max, into: &all) }
        all.append(contentsOf: samples[head...])
        let middle = all.count / 2
        var kept = all[..<middle].enumerated().filter { $0.offset % 2 == 0 || $0.element.isStale }.map(\.element)
        kept.append(contentsOf: all[middle...])
        packs = []
        packedCount = 0
        samples = kept
        head = 0
        while samples.count - head > Self.mostPlain { pack(before: .min) }
    }

    /// The samples of a stretch of time, both ends included; copied only where older ones are packed.
    func slice(from start: Int64, through end: Int64) -> ArraySlice<PromQL.Sample> {
        let lower = firstIndex { $0 >= start }
        let upper = end == .max ? samples.count : firstIndex { $0 > end }
        let plain = samples[lower..<max(lower, upper)]
        guard let last = packs.last, last.lastTime >= start else { return plain }
        var found: [PromQL.Sample] = []
        for pack in packs where pack.lastTime >= start && pack.firstTime <= end {
            found.reserveCapacity(found.count + pack.count + plain.count)
            pack.unpack(from: start, through: end, into: &found)
        }
        found.append(contentsOf: plain)
        return found[...]
    }

    /// The newest sample of a stretch of time.
    func newest(from start: Int64, through end: Int64) -> PromQL.Sample? {
        // Almost always the very last.
        if let last = newest, last.timestamp <= end { return last.timestamp >= start ? last : nil }
        let place = firstIndex { $0 > end }
        if place > head { return samples[place - 1].timestamp >= start ? samples[place - 1] : nil }
        guard let pack = packs.last(where: { $0.firstTime <= end }) else { return nil }
        var found: [PromQL.Sample] = []
        pack.unpack(from: start, through: end, into: &found)
        return found.last
    }

    private func firstIndex(where isBehind: (Int64) -> Bool) -> Int {
        var lower = head
        var upper = samples.count
        while lower < upper {
            let middle = (lower + upper) / 2
            if isBehind(samples[middle].timestamp) { upper = middle } else { lower = middle + 1 }
        }
        return lower
    }
}
