/// One series' value at the time of evaluation.
public struct VectorSample: Hashable, Sendable {
    /// What tells the series from the others of the vector.
    public var labels: Labels
    /// Its value.
    public var value: Double

    /// A sample of a vector.
    public init(labels: Labels, value: Double) {
        self.labels = labels
        self.value = value
    }
}

/// One series' samples in a stretch of time.
public struct SeriesSamples: Hashable, Sendable {
    /// What tells the series from the others.
    public var labels: Labels
    /// Ascending in time.
    public var samples: ArraySlice<Sample>

    /// A series.
    public init(labels: Labels, samples: ArraySlice<Sample>) {
        self.labels = labels
        self.samples = samples
    }
}

/// What an expression evaluates to.
public enum Value: Hashable, Sendable {
    /// One number.
    case scalar(Double)
    /// One string.
    case string(String)
    /// One value of each of some series; no two have the same labels.
    case vector([VectorSample])
    /// Some samples of each of some series; no two have the same labels.
    case matrix([SeriesSamples])

    /// Which of the types it is.
    public var type: ValueType {
        switch self {
        case .scalar: .scalar
        case .string: .string
        case .vector: .vector
        case .matrix: .matrix
        }
    }

    /// The value as a vector: a scalar becomes one sample without labels. Nil for strings and matrices.
    public var asVector: [VectorSample]? {
        switch self {
        case .vector(let samples): samples
        case .scalar(let value): [VectorSample(labels: Labels(), value: value)]
        case .string, .matrix: nil
        }
    }
}
