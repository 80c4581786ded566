package dev.tidemark.proof.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.proof.chaos.fault.Faults;
import java.util.List;
import org.junit.jupiter.api.Test;

class CellTest {
    private static final List<Cell> MATRIX = Cell.matrix(Faults.all());

    private static List<String> selected(String selectors) {
        return MATRIX.stream()
                .filter(cell -> cell.matches(selectors))
                .map(Cell::name)
                .toList();
    }

    @Test
    void partsOfTheMatrixAreSelected() {
        assertThat(selected("")).hasSize(MATRIX.size()).doesNotHaveDuplicates();
        assertThat(selected("F1")).hasSize(9);
        assertThat(selected("F1/eager")).hasSize(3);
        assertThat(selected("F1/*/one, F2/cooperative/many"))
                .containsExactly("F1/eager/one", "F1/cooperative/one", "F1/consumer/one", "F2/cooperative/many");
        assertThat(selected("F11/eager/one")).containsExactly("F11/eager/one");
    }
}
