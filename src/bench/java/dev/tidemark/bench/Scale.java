package dev.tidemark.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleUnaryOperator;

/** Where a value lies on an axis, and the values that are written next to it. Pure. */
record Scale(DoubleUnaryOperator position, List<Double> ticks) {
    double x(double value) {
        return position.applyAsDouble(value);
    }

    /** From 0 to the most, with four to eight ticks. */
    static Scale linear(double most, double left, double right) {
        double step = Math.pow(10, Math.floor(Math.log10(most)));
        if (most / step < 2) {
            step /= 5;
        } else if (most / step < 4) {
            step /= 2;
        }
        List<Double> ticks = new ArrayList<>();
        for (int i = 0; i * step <= most * 1.0001; i++) {
            ticks.add(i * step);
        }
        return new Scale(value -> left + (right - left) * value / most, ticks);
    }

    /** From the least to the most, by powers of ten: each takes as much space as the next. */
    static Scale logarithmic(double least, double most, double left, double right) {
        int from = (int) Math.floor(Math.log10(least));
        int to = Math.max(from + 1, (int) Math.ceil(Math.log10(most)));
        List<Double> ticks = new ArrayList<>();
        for (int power = from; power <= to; power++) {
            ticks.add(Math.pow(10, power));
        }
        return new Scale(value -> left + (right - left) * (Math.log10(value) - from) / (to - from), ticks);
    }
}
