/** Evidence other than image names, as data: what, points towards the threshold, why. */
export type PointRow = readonly [words: string, points: number, why: string];

/** Points at which a container counts as a JVM. */
export const threshold = 60;

/** Whole environment names, upper case, `.` and `-` as `_`. */
export const envNameRows: readonly PointRow[] = [
  [
    'JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS _JAVA_OPTIONS JAVA_OPTS JAVA_OPTIONS JAVA_OPT JAVA_ARGS JAVA_EXTRA_ARGS',
    60,
    'read by launchers',
  ],
  ['JAVA_OPTS_APPEND JAVA_MAX_MEM_RATIO JAVA_INITIAL_MEM_RATIO JAVA_APP_JAR JAVA_APP_DIR JAVA_MAIN_CLASS', 60, 'run-java.sh'],
  [
    'JAVA_MEMORY JAVA_MEM JAVA_HEAP JAVA_XMX JAVA_XMS JAVA_HEAP_MAX JAVA_HEAP_SIZE JAVA_DEBUG JAVA_ENABLE_DEBUG',
    60,
    'start scripts',
  ],
  [
    'JVM_OPTS JVM_ARGS JVM_OPTIONS JVM_FLAGS JVMFLAGS JVM_EXTRA_OPTS JVM_MEMORY JVM_MINIMUM_MEMORY JVM_MAXIMUM_MEMORY',
    60,
    'start scripts',
  ],
  [
    'JVM_XX_OPTS JVM_DD_OPTS JVM_HEAP JVM_XMX JVM_XMS JAVA_PARAMETERS JENKINS_OPTS JENKINS_JAVA_OPTS SOLR_HEAP',
    60,
    'start scripts',
  ],
  [
    'SERVER_SERVLET_CONTEXT_PATH FLINK_PROPERTIES MAX_HEAP_SIZE HEAP_NEWSIZE ES_HEAP_SIZE INSTALL4JADDVMPARAMS',
    60,
    'JVM products',
  ],
  ['JAVA_HOME MAIN_CLASS', 25, 'build agents have it too'],
  ['MAVEN_OPTS GRADLE_OPTS SBT_OPTS CLASSPATH JMX_PORT', 40, 'usually beside a JVM'],
  ['KAFKA_ADVERTISED_LISTENERS KAFKA_PROCESS_ROLES KAFKA_BROKER_ID ZOO_MY_ID ZOOKEEPER_CLIENT_PORT ZOO_SERVERS', 40, 'brokers'],
  [
    'CASSANDRA_SEEDS CASSANDRA_ENDPOINT_SNITCH DISCOVERY_TYPE DISCOVERY_SEED_HOSTS CLUSTER_INITIAL_MASTER_NODES',
    40,
    'search, Cassandra',
  ],
  ['SPARK_MODE KC_DB KC_HOSTNAME KC_BOOTSTRAP_ADMIN_USERNAME CONNECT_BOOTSTRAP_SERVERS CONNECT_GROUP_ID', 40, 'JVM products'],
];

/** First words of an environment name. */
export const envPrefixRows: readonly PointRow[] = [
  [
    'SPRING MICRONAUT CATALINA EUREKA VERTX AKKA PEKKO JETTY HIBERNATE SPRINGDOC ZUUL RIBBON',
    60,
    'frameworks bind their properties',
  ],
  ['BPL_JVM BPL_JMX BPL_DEBUG LOGGING_LEVEL OTEL_JAVAAGENT MP_JWT MP_HEALTH', 60, 'buildpacks, Spring, agents'],
  ['MP_METRICS MP_OPENAPI MP_MESSAGING MP_CONFIG MP_FAULT MP_REST', 60, 'MicroProfile'],
  ['MANAGEMENT_ENDPOINT MANAGEMENT_ENDPOINTS MANAGEMENT_HEALTH MANAGEMENT_METRICS MANAGEMENT_SERVER', 60, 'Spring Actuator'],
  ['MANAGEMENT_TRACING MANAGEMENT_ZIPKIN MANAGEMENT_OTLP', 60, 'Spring Actuator'],
  ['QUARKUS', 40, 'native images read it too'],
  [
    'FLYWAY LIQUIBASE TOMCAT WILDFLY JBOSS JOLOKIA LOG4J LOG4J2 LOGBACK DD_JMXFETCH OTEL_INSTRUMENTATION',
    40,
    'usually beside a JVM',
  ],
  ['KSQL NIFI HADOOP HDFS HIVE', 25, 'clients have it too'],
];

/** Last two words of an environment name. */
export const envSuffixRows: readonly PointRow[] = [
  [
    'JAVA_OPTS JAVA_OPTIONS JAVA_ARGS JAVA_OPT JAVA_MEM JAVA_HEAP JAVA_XMX JAVA_PARAMS JAVA_FLAGS JAVA_TOOL',
    60,
    'ES_JAVA_OPTS and its like',
  ],
  [
    'JVM_OPTS JVM_OPTIONS JVM_ARGS JVM_FLAGS JVM_MEMORY JVM_HEAP JVM_XMX HEAP_OPTS LOG4J_OPTS JMX_OPTS',
    60,
    'KAFKA_HEAP_OPTS and its like',
  ],
  ['HEAP_SIZE JMX_PORT JMX_ENABLED', 40, 'JVM products and others'],
];

/** One word anywhere in an environment name. */
export const envWordRows: readonly PointRow[] = [
  ['KAFKASTORE', 60, 'settings of the schema registry'],
  ['JVM JDBC', 40, 'speaks of the JVM'],
  ['JAVA', 25, 'may be an address of another service'],
];

/** Pod ports by name. */
export const portNameRows: readonly PointRow[] = [
  ['jmx jolokia ajp jgroups hazelcast jvm-debug java-debug jdwp jmx-metrics', 40, 'protocols of the JVM'],
];

/** Container ports by number. */
export const portNumberRows: readonly PointRow[] = [['7199 9010 1099 5005 8778', 25, 'JMX, RMI, debugger, Jolokia']];

/** Directories of a mount, and below them. */
export const mountRows: readonly PointRow[] = [
  ['/opt/ibm/wlp /opt/ol/wlp /usr/local/tomcat /opt/jboss /opt/tomcat /opt/payara /opt/eap', 60, 'application servers'],
  ['/opt/bitnami/wildfly /opt/bitnami/tomcat /var/jenkins_home /app/jib-classpath-file', 60, 'application servers, Jib'],
  [
    '/deployments /opt/java /usr/lib/jvm /usr/share/elasticsearch /usr/share/opensearch /usr/share/logstash',
    25,
    'shared with helpers',
  ],
];

/** Last path segment of a mount. */
export const mountFileRows: readonly PointRow[] = [
  [
    'logback.xml logback-spring.xml log4j.properties log4j2.xml log4j2.properties log4j.xml jvm.options standalone.xml',
    60,
    'read by a JVM',
  ],
  ['application.yml application.yaml application.properties bootstrap.yml server.xml cacerts', 25, 'Spring, Tomcat and others'],
];

/** Parts of probe paths and of annotation values that name a metrics path. */
export const pathRows: readonly PointRow[] = [
  ['/actuator/ /wd/hub/', 60, 'Spring Boot, Selenium'],
  ['/q/health /management/health /q/metrics', 40, 'Quarkus, JHipster'],
  ['/health/live /health/ready /health/started', 15, 'MicroProfile and others'],
];

/** Programs in probes. */
export const probeToolRows: readonly PointRow[] = [
  ['nodetool jcmd jps zkserver.sh zookeeper-ready', 60, 'run on or against the JVM in the container'],
  ['ruok', 40, 'ZooKeeper four letter word'],
];

/** Words of a container name: weak, names are free. */
export const nameRows: readonly PointRow[] = [
  ['java jvm springboot spring quarkus tomcat wildfly', 40, 'named after the runtime'],
];

/** Programs that start a JVM. `java` itself decides alone; the others need no image that contradicts. */
export const javaPrograms: ReadonlySet<string> = new Set(['java', 'javaw', 'jexec']);
export const launcherRows: readonly PointRow[] = [
  [
    'catalina.sh standalone.sh domain.sh asadmin startserv kc.sh zkserver.sh mvn mvnw gradle gradlew sbt lein',
    100,
    'servers, builds',
  ],
  ['kafka-server-start zookeeper-server-start connect-distributed connect-standalone schema-registry-start', 100, 'Kafka'],
  ['kafka-rest-start ksql-server-start control-center-start solr-foreground spark-class spark-submit', 100, 'Kafka, Solr, Spark'],
  [
    'kafka-console-consumer kafka-console-producer kafka-topics kafka-mirror-maker kafka-run-class kafka-configs',
    100,
    'Kafka tools',
  ],
  [
    'elasticsearch logstash cassandra nifi.sh activemq artemis jobmanager.sh taskmanager.sh standalone-job.sh',
    100,
    'JVM products',
  ],
  [
    'hadoop hdfs hbase hiveserver2 start-thriftserver.sh run-trino run-presto jenkins.sh jenkins-agent jruby jshell',
    100,
    'JVM products',
  ],
];
