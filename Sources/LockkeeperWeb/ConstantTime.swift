/// Comparisons whose time does not spell a secret out.
enum ConstantTime {
    /// Takes a time that depends on the presented bytes' number only.
    static func isEqual(_ presented: [UInt8], _ expected: [UInt8]) -> Bool {
        guard !expected.isEmpty else { return presented.isEmpty }
        var difference = presented.count ^ expected.count
        for (index, byte) in presented.enumerated() {
            difference |= Int(byte ^ expected[index % expected.count])
        }
        return difference == 0
    }
}
