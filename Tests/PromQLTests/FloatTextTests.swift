import LockkeeperTestSupport
import PromQL
import Testing

@Suite struct FloatTextTests {
    @Test(
        "Numbers are written as Go's strconv does",
        arguments: [
            (0, "0", "0"), (-0.0, "-0", "-0"), (1800, "1800", "1800"), (1e6, "1e+06", "1000000"),
            (123_456, "123456", "123456"), (1_234_567, "1.234567e+06", "1234567"), (0.1, "0.1", "0.1"),
            (0.0001, "0.0001", "0.0001"), (0.00001, "1e-05", "0.00001"), (1e21, "1e+21", "1000000000000000000000"),
            (Double(bitPattern: 1), "5e-324", "0." + String(repeating: "0", count: 323) + "5"), (-2.5, "-2.5", "-2.5"),
            (.infinity, "+Inf", "+Inf"), (-.infinity, "-Inf", "-Inf"), (.nan, "NaN", "NaN"),
            (1.0 / 3, "0.3333333333333333", "0.3333333333333333"),
            (9_007_199_254_740_992, "9.007199254740992e+15", "9007199254740992"),
        ] as [(Double, String, String)])
    func shortest(value: Double, general: String, plain: String) {
        #expect(FloatText.shortest(value) == general)
        #expect(FloatText.plain(value) == plain)
    }

    @Test(
        "Decimals are rounded from the exact binary value, ties to even",
        arguments: [
            (2.675, 2, "2.67"), (0.125, 2, "0.12"), (0.375, 2, "0.38"), (1e23, 0, "99999999999999991611392"),
            (0.1, 20, "0.10000000000000000555"), (999.999, 2, "1000.00"), (0.5, 0, "0"), (1.5, 0, "2"), (2.5, 0, "2"),
            (0.05, 1, "0.1"), (0, 3, "0.000"), (-1.005, 2, "-1.00"),
            (
                1e300, 0,
                "1000000000000000052504760255204420248704468581108159154915854115511802457988908195786371375080447864043704443832883878176942523235360430575644792184786706982848387200926575803737830233794788090059368953234970799945081119038967640880074652742780142494579258788820056842838115669472196386865459400540160"
            ),
        ] as [(Double, Int, String)])
    func fixed(value: Double, decimals: Int, expected: String) {
        #expect(FloatText.fixed(value, decimals: decimals) == expected)
    }

    @Test(
        "Significant digits and exponents are as Go's %g and %e",
        arguments: [
            (1234.5678, "1235", "1.2346e+03"), (0.00012345, "0.0001234", "1.2345e-04"),
            (100_000, "1e+05", "1.0000e+05"),
            (0, "0", "0.0000e+00"), (12.5, "12.5", "1.2500e+01"), (99_999, "1e+05", "9.9999e+04"),
        ] as [(Double, String, String)])
    func general(value: Double, general: String, scientific: String) {
        #expect(FloatText.general(value, digits: 4) == general)
        #expect(FloatText.scientific(value, decimals: 4) == scientific)
    }

    @Test("What is written shortest reads back as the same number")
    func roundTrips() {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<5000 {
            let value = Double(bitPattern: random.next())
            guard value.isFinite else { continue }
            #expect(Double(FloatText.shortest(value)) == value)
            #expect(Double(FloatText.plain(value)) == value)
            #expect(Double(FloatText.scientific(value, decimals: 17)) == value)
        }
    }
}
