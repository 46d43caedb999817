/// A sum with Neumaier's compensation for lost low-order digits, as Prometheus sums over time.
struct CompensatedSum {
    private(set) var sum = 0.0
    private(set) var compensation = 0.0

    mutating func add(_ value: Double) {
        let next = sum + value
        if sum.magnitude >= value.magnitude {
            compensation += (sum - next) + value
        } else {
            compensation += (value - next) + sum
        }
        sum = next
    }

    /// An infinite sum has no meaningful compensation.
    var total: Double { sum.isInfinite ? sum : sum + compensation }

    /// The sum with its compensation even if infinite, where Prometheus does so.
    var raw: Double { sum + compensation }
}
