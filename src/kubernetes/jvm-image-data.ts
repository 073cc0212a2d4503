/**
 * Image names that say what runs inside, as data. One row: words, why. Words are compared as whole name tokens (`kafka` never
 * matches `kafkacat`), a word with dashes matches consecutive tokens, one with a slash the last two path segments.
 * Lists age: a row needs a reason that can be checked, and every word is covered by the table test.
 */
export type WordRow = readonly [words: string, why: string];

/** JDKs, servers and frameworks: wherever they stand in a name or tag, a JVM runs. */
export const runtimeRows: readonly WordRow[] = [
  [
    'jdk jre openjdk temurin corretto amazoncorretto zulu liberica semeru sapmachine adoptopenjdk dragonwell graalvm jvm',
    'JDK builds',
  ],
  [
    'tomcat tomee jetty wildfly jboss eap payara glassfish websphere weblogic openliberty open-liberty undertow',
    'Java application servers',
  ],
  ['springboot spring-boot spring-cloud spring-petclinic petclinic', 'Spring applications'],
  ['quarkus micronaut vertx dropwizard helidon grails ktor http4s', 'JVM frameworks'],
  ['jruby kotlin scala clojure groovy leiningen sbt', 'languages of the JVM'],
];

/** Frameworks whose sample images are named after what they talk to: `spring-boot-mongo` is the application. */
export const frameworkRows: readonly WordRow[] = [
  ['spring springboot quarkus micronaut', 'framework first, backing service second'],
];

/** Products that run on a JVM. Counted in full when the name ends with them, or with a harmless word behind. */
export const productRows: readonly WordRow[] = [
  ['maven gradle spring', 'build tools and Spring: also words of other names'],
  ['kafka kafka-server cp-kafka cp-server cp-enterprise-kafka zookeeper bookkeeper', 'Apache Kafka, ZooKeeper, BookKeeper'],
  ['kafka-connect cp-kafka-connect cp-server-connect connect-base mirrormaker mirror-maker', 'Kafka Connect workers'],
  ['ksqldb ksql ksqldb-server ksql-server schema-registry kafka-rest rest-proxy control-center', 'Confluent components in Java'],
  [
    'kafka-bridge kafka-manager cmak kafka-ui akhq kafkahq kafdrop klaw kouncil cruise-control',
    'Kafka tools written in Java or Scala',
  ],
  [
    'kafka-lag-exporter fast-data-dev lenses conduktor conduktor-platform conduktor-gateway kpow',
    'Kafka tools written for the JVM',
  ],
  ['strimzi drain-cleaner debezium apicurio apicurio-registry apicurio-studio-api nessie', 'Kafka ecosystem of Red Hat'],
  [
    'activemq activemq-artemis activemq-classic artemis amq-broker hivemq rocketmq openfire axonserver qpid',
    'message brokers in Java',
  ],
  ['pulsar pulsar-all pulsar-proxy pulsar-manager pulsar-broker', 'Apache Pulsar'],
  [
    'elasticsearch opensearch logstash solr vespa data-prepper graylog clouseau couchdb-search elassandra cratedb',
    'search on Lucene',
  ],
  [
    'cassandra dse dse-server datastax cassandra-reaper cass-management-api neo4j orientdb arcadedb janusgraph',
    'databases on the JVM',
  ],
  [
    'hbase opensearch-node questdb opentsdb kairosdb iotdb hsqldb tessera besu teku web3signer corda',
    'databases and ledgers on the JVM',
  ],
  ['graphdb stardog fuseki jena blazegraph rdf4j gremlin-server exist-db existdb', 'graph and XML stores in Java'],
  ['hazelcast infinispan datagrid coherence gridgain apacheignite ignite geode gemfire terracotta', 'data grids in Java'],
  [
    'spark spark-master spark-worker spark-history flink jobmanager taskmanager hadoop hdfs namenode datanode',
    'big data engines',
  ],
  ['resourcemanager nodemanager journalnode historyserver hive hiveserver2 hive-metastore hive-server', 'Hadoop and Hive roles'],
  ['trino presto prestodb prestosql starburst dremio drill druid pinot kylin impala-metastore', 'query engines in Java'],
  [
    'zeppelin livy oozie nifi nifi-registry minifi streamsets datacollector alluxio ozone kyuubi celeborn',
    'data platforms in Java',
  ],
  [
    'dolphinscheduler streampark seatunnel linkis inlong shardingsphere shardingsphere-proxy elasticjob gravitino unitycatalog iceberg-rest iceberg-rest-fixture',
    'data platforms in Java',
  ],
  [
    'storm storm-nimbus storm-supervisor accumulo flume tika grobid languagetool opennlp spark-dependencies',
    'Apache and language tools',
  ],
  [
    'datahub-gms datahub-frontend-react datahub-mae-consumer datahub-mce-consumer datahub-upgrade openmetadata marquez kestra',
    'data catalogues in Java',
  ],
  ['keycloak keycloakx rhbk keycloak-operator ejbca signserver midpoint openam openidm openig pingfederate', 'identity in Java'],
  ['pingaccess pingdirectory fusionauth fusionauth-app wso2 wso2am wso2is shibboleth uaa dogtag cas-server', 'identity in Java'],
  [
    'jenkins hudson inbound-agent jnlp-slave jnlp-agent teamcity teamcity-server teamcity-agent gocd gocd-server gocd-agent',
    'CI in Java',
  ],
  [
    'nexus nexus-repository-manager artifactory artifactory-pro artifactory-oss artifactory-jcr reposilite archiva',
    'repositories in Java',
  ],
  [
    'sonarqube sonar-scanner-cli dependencytrack dependency-track gerrit gitbucket rundeck youtrack xxl-job-admin',
    'development tools',
  ],
  [
    'jira jira-software jira-core jira-servicemanagement confluence bitbucket bitbucket-server bamboo crowd',
    'Atlassian Data Center',
  ],
  ['bamboo-server bamboo-agent crucible fisheye jfrog-distribution', 'Atlassian and JFrog servers'],
  [
    'zipkin zipkin-slim skywalking skywalking-oap skywalking-oap-server skywalking-ui pinpoint-collector pinpoint-web',
    'tracing in Java',
  ],
  ['cryostat opennms wavefront wavefront-proxy hawkular zabbix-java-gateway activegate jmx jmx-exporter', 'monitoring in Java'],
  ['jmx-prometheus-exporter prometheus-jmx-exporter jmx-prometheus cassandra-exporter', 'exporters that are Java agents'],
  ['nacos nacos-server eureka eureka-server config-server zuul hystrix sentinel-dashboard seata', 'service registries in Java'],
  [
    'seata-server apollo-configservice apollo-adminservice apollo-portal shenyu scdf scdf-server skipper-server',
    'service registries in Java',
  ],
  ['spring-cloud-dataflow-server spring-cloud-skipper-server spring-boot-admin', 'Spring servers'],
  [
    'camunda camunda-bpm-platform zeebe flowable activiti bonita jbpm drools kie-server business-central kogito',
    'workflow engines in Java',
  ],
  [
    'metabase jasperreports jasperserver pentaho birt geoserver geonetwork openrefine plantuml plantuml-server',
    'reporting and maps',
  ],
  [
    'opentripplanner graphhopper openrouteservice openmrs dhis2 hapi-fhir dcm4chee cbioportal dspace dataverse',
    'public sector software',
  ],
  ['opencast jicofo jvb jibri jigasi openvidu-server red5 wowza guacamole', 'media servers in Java'],
  [
    'liferay alfresco alfresco-content-repository alfresco-share nuxeo xwiki jspwiki magnolia opencms dotcms hybris',
    'content management',
  ],
  [
    'ofbiz idempiere killbill thingsboard tb-node hawkbit hawkbit-update-server kapua openhab microcks',
    'business and IoT servers',
  ],
  ['tb-http-transport tb-mqtt-transport tb-coap-transport tb-lwm2m-transport tb-rule-engine tb-core', 'ThingsBoard services'],
  [
    'minecraft minecraft-server papermc bungeecord spigot mc-proxy unifi unifi-controller omada-controller',
    'game servers and controllers',
  ],
  [
    'airsonic subsonic komga ubooquity stirling-pdf s-pdf traccar davmail jdownloader nzbhydra2 lavalink',
    'self-hosted servers in Java',
  ],
  ['wiremock mockserver dynamodb-local elasticmq gatling jmeter selenium zalenium zaproxy', 'test doubles and load tools'],
  ['swagger-generator openapi-generator cerebro flyway liquibase pact-jvm', 'developer tools in Java'],
  [
    'opendaylight onos che-server openvsx-server ditto-gateway ditto-things ditto-policies ditto-connectivity',
    'Eclipse and network projects',
  ],
  ['graviteeio apim-gateway apim-management-api am-management-api ranger-admin hop-web', 'gateways and others in Java'],
  ['flink-kubernetes-operator debezium-operator rocketmq-dashboard rocketmq-console kafka-jmx', 'Java despite the word behind'],
  ['adservice fraud-detection frauddetectionservice queue-master bookinfo-reviews', 'Java services of well-known demos'],
];

/** Last two path segments: words too common to mean anything without the organisation. */
export const pairRows: readonly WordRow[] = [
  ['payara/server-full payara/server-web payara/micro hazelcast/management-center infinispan/server liferay/portal', 'servers'],
  [
    'liferay/dxp thingsboard/tb-postgres thingsboard/tb-cassandra google-samples/k8szk google_samples/k8skafka',
    'servers with their store inside',
  ],
  [
    'apache/atlas apache/ranger apache/camel apache/james apache/knox apache/karaf apache/beam apache/polaris apache/phoenix',
    'Apache projects with common names',
  ],
  [
    'apache/amoro apache/hertzbeat apache/hop apache/unomi apache/syncope apache/fineract apache/streampipes-backend',
    'Apache projects',
  ],
  [
    'selenium/hub selenium/distributor selenium/router selenium/sessions selenium/event-bus selenium/session-queue',
    'Selenium grid',
  ],
  ['strimzi/operator strimzi/access-operator strimzi/kafka-access-operator confluentinc/confluent-local', 'Kafka distributions'],
  [
    'debezium/connect debezium/server openmetadata/server wavefronthq/proxy projectnessie/nessie buoyantio/linkerd',
    'JVM servers',
  ],
  ['jitsi/jvb opennms/horizon opennms/minion opennms/sentinel hapiproject/hapi nextgenhealthcare/connect', 'JVM servers'],
  [
    'airbyte/server airbyte/worker airbyte/cron airbyte/bootloader airbyte/workload-launcher',
    'Airbyte platform in Kotlin and Java',
  ],
  ['camunda/operate camunda/tasklist camunda/optimize camunda/identity camunda/connectors-bundle', 'Camunda 8 in Java'],
  [
    'conductoross/conductor graviteeio/am-gateway apereo/cas dhis2/core weaveworksdemos/carts weaveworksdemos/orders',
    'JVM servers',
  ],
  ['weaveworksdemos/shipping openwhisk/controller openwhisk/invoker dynatrace/dynatrace-activegate', 'JVM servers'],
  ['docker/clouddriver docker/fiat docker/front50 docker/igor docker/kayenta docker/orca docker/rosco', 'Spinnaker'],
  ['spinnaker/clouddriver spinnaker/echo spinnaker/fiat spinnaker/front50 spinnaker/gate spinnaker/igor', 'Spinnaker'],
  [
    'spinnaker/kayenta spinnaker/orca spinnaker/rosco spinnaker/halyard dependencytrack/apiserver dependencytrack/bundled',
    'JVM servers',
  ],
];

/** Organisations whose images are JVM software; what is not stands in the veto lists or carries a companion word. */
export const familyRows: readonly WordRow[] = [
  ['springcloud springcloudstream springcloudtask', 'Spring Cloud'],
  ['apachepulsar apacherocketmq', 'Apache brokers'],
  ['trinodb prestodb prestosql', 'query engines'],
  ['selenium', 'grid and nodes start a jar'],
];

/** Words behind a product name that leave it that product. */
export const harmlessRows: readonly WordRow[] = [
  ['server broker node master worker slave coordinator leader follower data cluster ha replica standby', 'roles'],
  [
    'oss xpack pro enterprise community ce ee edition standalone full lite slim alpine debian ubuntu centos rhel ubi',
    'editions and bases',
  ],
  ['docker container image images custom base core service svc app application main dev local prod stage all', 'packaging'],
  [
    'k8s kubernetes openshift swarm linux amd64 arm64 x86 lts stable latest release snapshot historical router',
    'platforms and channels',
  ],
  [
    'middlemanager overlord ingest hot warm single plugin plugins analysis icu s3 aws gcp azure fips hardened mem sql',
    'variants',
  ],
];

/** Words in front of or behind a product that make it something about the product. */
export const companionRows: readonly WordRow[] = [
  [
    'init wait test tests check backup restore setup create helm python php js ruby rust dotnet golang go proto',
    'about the product',
  ],
  [
    'ui frontend front angular react reactjs vue vuejs nginx gui db database dashboard dashboards docs exporter',
    'beside the product',
  ],
  ['static spa website postman cli ctl ssh video', 'beside the product'],
];
