/// Simple case folding, one scalar to one scalar, for `(?i)`.
enum CaseFolding {
    /// The scalar that stands for all its letter cases.
    static func fold(_ scalar: UInt32) -> UInt32 {
        if scalar < 0x80 {
            return scalar >= 0x41 && scalar <= 0x5A ? scalar + 0x20 : scalar
        }
        // By way of the upper case, so that "ſ" folds with "s" too.
        return lower(upper(scalar))
    }

    /// The scalar in its other letter cases.
    static func variants(of scalar: UInt32) -> [UInt32] {
        [lower(scalar), upper(scalar), fold(scalar)]
    }

    private static func lower(_ scalar: UInt32) -> UInt32 {
        single(Unicode.Scalar(scalar)?.properties.lowercaseMapping) ?? scalar
    }

    private static func upper(_ scalar: UInt32) -> UInt32 {
        single(Unicode.Scalar(scalar)?.properties.uppercaseMapping) ?? scalar
    }

    /// A mapping to several scalars ("ß" to "SS") is no simple folding.
    private static func single(_ text: String?) -> UInt32? {
        guard let scalars = text?.unicodeScalars, scalars.count == 1 else { return nil }
        return scalars.first?.value
    }
}
