/// The φ-quantile of numbers by linear interpolation, as Prometheus defines it.
enum Quantile {
    static func of(_ values: [Double], _ rank: Double) -> Double {
        if values.isEmpty || rank.isNaN { return .nan }
        if rank < 0 { return -.infinity }
        if rank > 1 { return .infinity }
        // NaN counts as smaller than any number.
        let sorted = values.sorted { $0.isNaN ? !$1.isNaN : $0 < $1 }
        let place = rank * Double(sorted.count - 1)
        let lower = Int(place.rounded(.down))
        let upper = min(lower + 1, sorted.count - 1)
        let weight = place - place.rounded(.down)
        return sorted[lower] * (1 - weight) + sorted[upper] * weight
    }
}
