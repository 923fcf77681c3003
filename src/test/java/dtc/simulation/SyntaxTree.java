package dtc.simulation;

import com.sun.source.tree.BreakTree;
import com.sun.source.tree.CaseTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.ContinueTree;
import com.sun.source.tree.ExpressionTree;
import com.sun.source.tree.IdentifierTree;
import com.sun.source.tree.LabeledStatementTree;
import com.sun.source.tree.LiteralTree;
import com.sun.source.tree.MemberReferenceTree;
import com.sun.source.tree.MemberSelectTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.ModifiersTree;
import com.sun.source.tree.ParenthesizedTree;
import com.sun.source.tree.PrimitiveTypeTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.TreeScanner;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A syntax tree in a form that can be compared. White space, comments and parentheses are not part of it.
 *
 * @param source the tree as the compiler parsed it; null where an optional part is absent
 * @param label the kind of the tree, and the name or value that it has itself
 */
record SyntaxTree(@Nullable Tree source, String label, List<SyntaxTree> children) {

    /** An identifier that starts with this is a placeholder for any expression. */
    private static final String PLACEHOLDER = "$";

    /** A part of a tree that a pattern matches, and what its placeholders stand for. */
    record Match(Tree source, Map<String, SyntaxTree> placeholders) {}

    static SyntaxTree of(Tree tree) {
        List<SyntaxTree> trees = new ArrayList<>(1);
        new Converter().scan(tree, trees);
        return trees.getFirst();
    }

    /** All parts of this tree that {@code pattern} matches. */
    List<Match> find(SyntaxTree pattern) {
        List<Match> matches = new ArrayList<>();
        addMatches(pattern, matches);
        return matches;
    }

    private void addMatches(SyntaxTree pattern, List<Match> matches) {
        Map<String, SyntaxTree> placeholders = new HashMap<>();
        if (source != null && matches(pattern, placeholders)) {
            matches.add(new Match(source, placeholders));
        }
        children.forEach(child -> child.addMatches(pattern, matches));
    }

    private boolean matches(SyntaxTree pattern, Map<String, SyntaxTree> placeholders) {
        if (pattern.source instanceof IdentifierTree identifier
                && identifier.getName().toString().startsWith(PLACEHOLDER)) {
            SyntaxTree earlier = placeholders.putIfAbsent(identifier.getName().toString(), this);
            return source instanceof ExpressionTree && (earlier == null || matches(earlier, placeholders));
        }
        if (!label.equals(pattern.label) || children.size() != pattern.children.size()) {
            return false;
        }
        for (int i = 0; i < children.size(); i++) {
            if (!children.get(i).matches(pattern.children.get(i), placeholders)) {
                return false;
            }
        }
        return true;
    }

    private static final class Converter extends TreeScanner<@Nullable Void, List<SyntaxTree>> {
        @Override
        public @Nullable Void scan(@Nullable Tree tree, List<SyntaxTree> siblings) {
            if (tree instanceof ParenthesizedTree parentheses) {
                return scan(parentheses.getExpression(), siblings);
            }
            List<SyntaxTree> children = new ArrayList<>();
            if (tree != null) {
                tree.accept(this, children);
            }
            siblings.add(new SyntaxTree(tree, tree == null ? "absent" : label(tree), children));
            return null;
        }

        private static String label(Tree tree) {
            Object own = switch (tree) {
                case BreakTree it -> it.getLabel();
                case CaseTree it -> it.getCaseKind();
                case ClassTree it -> it.getSimpleName();
                case ContinueTree it -> it.getLabel();
                case IdentifierTree it -> it.getName();
                case LabeledStatementTree it -> it.getLabel();
                case LiteralTree it -> it.getValue();
                case MemberReferenceTree it -> it.getName();
                case MemberSelectTree it -> it.getIdentifier();
                case MethodTree it -> it.getName();
                case ModifiersTree it -> it.getFlags();
                case PrimitiveTypeTree it -> it.getPrimitiveTypeKind();
                case VariableTree it -> it.getName();
                default -> "";
            };
            return tree.getKind() + " " + own;
        }
    }
}
