package dtc.simulation;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.jspecify.annotations.NullMarked;

/**
 * A change of the product's source that breaks it. It is compiled in memory, and the simulation runs in a class loader
 * of its own that holds the broken class among fresh copies of all others, so that the product needs no switch.
 *
 * @param file below {@code src/main/java/dtc}
 * @param original occurs once in it; any white space stands for any other
 * @param withinSeeds the seeds, from 1 on, of which one must find it
 */
record PlantedBug(String name, String file, String original, String replacement, int withinSeeds) {

    private static final Path SOURCES = Path.of("src/main/java");
    private static final String OURS = "dtc.";

    /** Which seed finds it, and as what; empty where none does. */
    String found() throws IOException, ReflectiveOperationException {
        return hunt(compile(broken()), withinSeeds);
    }

    /** The same with nothing planted. */
    static String foundInTheProduct(int seeds) throws ReflectiveOperationException {
        return hunt(Map.of(), seeds);
    }

    private static String hunt(Map<String, byte[]> classes, int seeds) throws ReflectiveOperationException {
        Class<?> hunt = new Copies(classes).loadClass(Hunt.class.getName());
        return (String) hunt.getMethod("first", int.class).invoke(null, seeds);
    }

    private String broken() throws IOException {
        String source = Files.readString(SOURCES.resolve("dtc").resolve(file));
        String words = Arrays.stream(original.strip().split("\\s+", -1))
                .map(Pattern::quote)
                .collect(Collectors.joining("\\s+"));
        Matcher matcher = Pattern.compile(words).matcher(source);
        if (!matcher.find() || matcher.find()) {
            throw new IllegalStateException(
                    "%s: this occurs not once in %s, so that the planted bug must be written anew:%n%s"
                            .formatted(name, file, original));
        }
        matcher.reset();
        return matcher.replaceFirst(Matcher.quoteReplacement(replacement));
    }

    private Map<String, byte[]> compile(String source) throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        Map<String, ByteArrayOutputStream> written = new HashMap<>();
        StringBuilder said = new StringBuilder();
        try (StandardJavaFileManager standard = compiler.getStandardFileManager(null, null, null);
                JavaFileManager files = new InMemory(standard, written)) {
            boolean compiled = compiler.getTask(
                            null,
                            files,
                            diagnostic -> said.append(diagnostic).append('\n'),
                            List.of("-proc:none", "-nowarn", "-classpath", classPath()),
                            null,
                            List.of(new Source(
                                    SOURCES.resolve("dtc").resolve(file).toUri(), source)))
                    .call();
            if (!compiled) {
                throw new IllegalStateException("%s does not compile: %s".formatted(name, said));
            }
        }
        Map<String, byte[]> classes = new HashMap<>();
        written.forEach((className, bytes) -> classes.put(className, bytes.toByteArray()));
        return classes;
    }

    private static String classPath() {
        return List.of(dtc.runtime.Coordinator.class, NullMarked.class).stream()
                .map(PlantedBug::place)
                .collect(Collectors.joining(System.getProperty("path.separator")));
    }

    private static String place(Class<?> one) {
        try {
            return Path.of(one.getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI())
                    .toString();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public String toString() {
        return name;
    }

    private static final class Source extends SimpleJavaFileObject {
        private final String text;

        private Source(URI uri, String text) {
            super(uri, Kind.SOURCE);
            this.text = text;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return text;
        }
    }

    private static final class InMemory extends ForwardingJavaFileManager<StandardJavaFileManager> {
        private final Map<String, ByteArrayOutputStream> written;

        private InMemory(StandardJavaFileManager files, Map<String, ByteArrayOutputStream> written) {
            super(files);
            this.written = written;
        }

        @Override
        public JavaFileObject getJavaFileForOutput(
                Location location, String className, JavaFileObject.Kind kind, FileObject sibling) {
            return new SimpleJavaFileObject(URI.create("memory:///" + className.replace('.', '/')), kind) {
                @Override
                public OutputStream openOutputStream() {
                    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                    written.put(className, bytes);
                    return bytes;
                }
            };
        }
    }

    /** Defines our classes anew, from the broken ones where there are such. */
    private static final class Copies extends ClassLoader {
        private final Map<String, byte[]> broken;

        private Copies(Map<String, byte[]> broken) {
            super(PlantedBug.class.getClassLoader());
            this.broken = broken;
        }

        @Override
        protected Class<?> loadClass(String className, boolean resolve) throws ClassNotFoundException {
            synchronized (getClassLoadingLock(className)) {
                Class<?> loaded = findLoadedClass(className);
                if (loaded != null) {
                    return loaded;
                }
                return className.startsWith(OURS) ? findClass(className) : super.loadClass(className, resolve);
            }
        }

        @Override
        protected Class<?> findClass(String className) throws ClassNotFoundException {
            byte[] bytes = broken.containsKey(className) ? broken.get(className) : original(className);
            return defineClass(className, bytes, 0, bytes.length);
        }

        private byte[] original(String className) throws ClassNotFoundException {
            try (InputStream in = getParent().getResourceAsStream(className.replace('.', '/') + ".class")) {
                if (in == null) {
                    throw new ClassNotFoundException(className);
                }
                return in.readAllBytes();
            } catch (IOException e) {
                throw new ClassNotFoundException(className, e);
            }
        }
    }
}
