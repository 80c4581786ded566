package dev.tidemark.proof.chaos;

import dev.tidemark.proof.chaos.fault.Fault;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One cell of the matrix.
 *
 * @param fault what is done
 * @param protocol of the group
 * @param mode of the units
 */
public record Cell(Fault fault, Protocol protocol, Mode mode) {
    /** Such as {@code F1/cooperative/many}. */
    public String name() {
        return fault.id() + "/" + protocol.word() + "/" + mode.word();
    }

    /** The whole matrix, simplest cells first. */
    public static List<Cell> matrix(List<Fault> faults) {
        List<Cell> cells = new ArrayList<>();
        for (Fault fault : faults) {
            for (Protocol protocol : Protocol.values()) {
                for (Mode mode : Mode.values()) {
                    cells.add(new Cell(fault, protocol, mode));
                }
            }
        }
        return cells;
    }

    /**
     * Whether it is selected.
     *
     * @param selectors separated by commas, such as {@code F2,F5/cooperative/many}; a missing or {@code *} part stands for all;
     *     empty for all cells
     */
    public boolean matches(String selectors) {
        return selectors.isBlank() || Arrays.stream(selectors.split(",")).anyMatch(this::matchesOne);
    }

    private boolean matchesOne(String selector) {
        String[] wanted = selector.strip().split("/");
        String[] own = name().split("/");
        for (int i = 0; i < wanted.length; i++) {
            if (!wanted[i].equals("*") && !wanted[i].equals(own[i])) {
                return false;
            }
        }
        return true;
    }
}
