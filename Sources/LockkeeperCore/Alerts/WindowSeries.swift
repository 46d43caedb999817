import PromQL

/// A series in the window: its newest sample, and those before it as long as they are needed.
struct WindowSeries: Sendable {
    let labels: Labels
    /// Who appends to it; when the owner appends without it, it has ended.
    var owner: SeriesWindow.Owner
    /// The number of the append that last wrote to it.
    var written: UInt64 = 0
    private var samples: [PromQL.Sample] = []
    /// The first sample that still counts; removing from the front of an array at each append would copy it each time.
    private var head = 0

    init(labels: Labels, owner: SeriesWindow.Owner) {
        self.labels = labels
        self.owner = owner
    }

    var newest: PromQL.Sample? { samples.count > head ? samples.last : nil }

    var count: Int { samples.count - head }

    mutating func append(_ sample: PromQL.Sample, keeping history: Int64, most: Int) {
        // A clock that was set back: what was measured after "now" is no longer true.
        while let last = samples.last, last.timestamp >= sample.timestamp, samples.count > head { samples.removeLast() }
        if history == 0 {
            samples = [sample]
            head = 0
            return
        }
        samples.append(sample)
        forget(before: sample.timestamp - history)
        if count > most { thin() }
    }

    mutating func forget(before oldest: Int64) {
        while head < samples.count, samples[head].timestamp < oldest { head += 1 }
        if head > 32, head > samples.count / 2 {
            samples.removeFirst(head)
            head = 0
        }
    }

    /// Gives up every second sample of the older half, so that the window keeps its length and loses resolution there.
    private mutating func thin() {
        let middle = head + count / 2
        var kept = samples[head..<middle].enumerated().filter { $0.offset % 2 == 0 || $0.element.isStale }.map(
            \.element)
        kept.append(contentsOf: samples[middle...])
        samples = kept
        head = 0
    }

    /// The samples of a stretch of time, both ends included, without copying.
    func slice(from start: Int64, through end: Int64) -> ArraySlice<PromQL.Sample> {
        let lower = firstIndex { $0 >= start }
        let upper = end == .max ? samples.count : firstIndex { $0 > end }
        return samples[lower..<max(lower, upper)]
    }

    /// The newest sample of a stretch of time.
    func newest(from start: Int64, through end: Int64) -> PromQL.Sample? {
        // Almost always the very last.
        if let last = newest, last.timestamp <= end { return last.timestamp >= start ? last : nil }
        return slice(from: start, through: end).last
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
