#include "libs/text/stop_words.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "libs/base/text.h"

namespace finalmile::text {
namespace {

// As Fold writes them: after the lists of Snowball (BSD), with what people ask with. English is the first.
constexpr std::array kLists = {
    // en
    std::string_view(
        "a about above after again against all also am an and any are arent as at be because been before "
        "being below between both but by can cannot cant could couldnt did didnt do does doesnt doing dont "
        "down during each few for from further had has hasnt have havent having he her here hers herself hes "
        "him himself his how i if im in into is isnt it its itself ive just let me more most my myself no "
        "nor "
        "not of off on once only or other our ours ourselves out over per please shall she shes should "
        "shouldnt so some such than that the their theirs them themselves then there these they theyre this "
        "those through to too under until up versus very via vs was wasnt we were werent what when where "
        "which while who whom why will with wont would wouldnt you your youre yours yourself yourselves"),
    // de
    std::string_view(
        "aber alle allem allen aller alles als also am an ander andere anderem anderen anderer anderes "
        "anderm "
        "andern anderr anders auch auf aus bei beim bin bis bist bitte da damit dann das dass dasselbe dazu "
        "dein deine deinem deinen deiner deines dem demselben den denn denselben der derer derselbe "
        "derselben "
        "des desselben dessen dich die dies diese dieselbe dieselben diesem diesen dieser dieses dir doch "
        "dort du durch ein eine einem einen einer eines einig einige einigem einigen einiger einiges einmal "
        "er es etwas euch euer eure eurem euren eurer eures fuer fur gegen gewesen hab habe haben hat hatte "
        "hatten hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer ihres im in indem ins ist jede "
        "jedem jeden jeder jedes jene jenem jenen jener jenes jetzt kann kein keine keinem keinen keiner "
        "keines koennen konnen konnte machen mal man manche manchem manchen mancher manches mein meine "
        "meinem "
        "meinen meiner meines mich mir mit muss musste nach nicht nichts noch nun nur ob oder ohne sehr sein "
        "seine seinem seinen seiner seines selbst sich sie sind so solche solchem solchen solcher solches "
        "soll sollte sondern sonst uber ueber um und uns unse unsem unsen unser unses unter viel vom von vor "
        "wahrend wann war waren warst warum was weg weil weiter welche welchem welchen welcher welches wem "
        "wen wenn wer werde werden wie wieder wieso will wir wird wirst wo wollen wollte wurde wurden zu zum "
        "zur zwar zwischen"),
    // fr
    std::string_view(
        "a ai aie aient aies ait as au aura aurai auraient aurais aurait auras aurez auriez aurions aurons "
        "auront aux avaient avais avait avec avez aviez avions avons ayant ayante ayantes ayants ayez ayons "
        "ce ces combien comment dans de des du elle en es est et etaient etais etait etant etante etantes "
        "etants ete etee etees etes etiez etions eu eue eues eumes eurent eus eusse eussent eusses eussiez "
        "eussions eut eutes eux fumes furent fus fusse fussent fusses fussiez fussions fut futes il je la le "
        "leur lui ma mais me meme mes moi mon ne nos notre nous on ont ou par pas pour pourquoi qu quand que "
        "quel quelle quelles quels qui sa se sera serai seraient serais serait seras serez seriez serions "
        "serons seront ses si soient sois soit sommes son sont soyez soyons suis sur ta te tes toi ton tres "
        "trop tu un une vos votre vous y"),
    // es
    std::string_view(
        "a al algo algunas algunos ante antes como con contra cual cuando cuanto de del desde donde durante "
        "e "
        "el ella ellas ellos en entre era erais eramos eran eras eres es esa esas ese eso esos esta estaba "
        "estabais estabamos estaban estabas estad estada estadas estado estados estais estamos estan estando "
        "estar estara estaran estaras estare estareis estaremos estaria estariais estariamos estarian "
        "estarias estas este esteis estemos esten estes esto estos estoy estuve estuviera estuvierais "
        "estuvieramos estuvieran estuvieras estuvieron estuviese estuvieseis estuviesemos estuviesen "
        "estuvieses estuvimos estuviste estuvisteis estuvo fue fuera fuerais fueramos fueran fueras fueron "
        "fuese fueseis fuesemos fuesen fueses fui fuimos fuiste fuisteis ha habeis habia habiais habiamos "
        "habian habias habida habidas habido habidos habiendo habra habran habras habre habreis habremos "
        "habria habriais habriamos habrian habrias han has hasta hay haya hayais hayamos hayan hayas he "
        "hemos "
        "hube hubiera hubierais hubieramos hubieran hubieras hubieron hubiese hubieseis hubiesemos hubiesen "
        "hubieses hubimos hubiste hubisteis hubo la las le les lo los mas me mi mia mias mio mios mis mucho "
        "muchos muy nada ni no nos nosotras nosotros nuestra nuestras nuestro nuestros o os otra otras otro "
        "otros para pero poco por porque que quien quienes se sea seais seamos sean seas sentid sentida "
        "sentidas sentido sentidos sera seran seras sere sereis seremos seria seriais seriamos serian serias "
        "si siente sin sintiendo sobre sois somos son soy su sus suya suyas suyo suyos tambien tanto te "
        "tendra tendran tendras tendre tendreis tendremos tendria tendriais tendriamos tendrian tendrias "
        "tened teneis tenemos tenga tengais tengamos tengan tengas tengo tenia teniais teniamos tenian "
        "tenias "
        "tenida tenidas tenido tenidos teniendo ti tiene tienen tienes todo todos tu tus tuve tuviera "
        "tuvierais tuvieramos tuvieran tuvieras tuvieron tuviese tuvieseis tuviesemos tuviesen tuvieses "
        "tuvimos tuviste tuvisteis tuvo tuya tuyas tuyo tuyos un una uno unos vosostras vosostros vuestra "
        "vuestras vuestro vuestros y ya yo"),
    // it
    std::string_view(
        "a abbia abbiamo abbiano abbiate ad agl agli ai al all alla alle allo anche avemmo avendo avesse "
        "avessero avessi avessimo aveste avesti avete aveva avevamo avevano avevate avevi avevo avra avrai "
        "avranno avrebbe avrebbero avrei avremmo avremo avreste avresti avrete avro avuta avute avuti avuto "
        "che chi ci coi col come con contro cui da dagl dagli dai dal dall dalla dalle dallo degl degli dei "
        "del dell della delle dello di dov dove e ebbe ebbero ebbi ed era erano eravamo eravate eri ero "
        "essendo faccia facciamo facciano facciate faccio facemmo facendo facesse facessero facessi "
        "facessimo "
        "faceste facesti faceva facevamo facevano facevate facevi facevo fai fanno fara farai faranno "
        "farebbe "
        "farebbero farei faremmo faremo fareste faresti farete faro fece fecero feci fosse fossero fossi "
        "fossimo foste fosti fu fui fummo furono gli ha hai hanno ho i il in io la le lei li lo loro lui ma "
        "mi mia mie miei mio ne negl negli nei nel nell nella nelle nello noi non nostra nostre nostri "
        "nostro "
        "o per perche piu quale quanta quante quanti quanto quella quelle quelli quello questa queste questi "
        "questo sara sarai saranno sarebbe sarebbero sarei saremmo saremo sareste saresti sarete saro se sei "
        "si sia siamo siano siate siete sono sta stai stando stanno stara starai staranno starebbe "
        "starebbero "
        "starei staremmo staremo stareste staresti starete staro stava stavamo stavano stavate stavi stavo "
        "stemmo stesse stessero stessi stessimo steste stesti stette stettero stetti stia stiamo stiano "
        "stiate sto su sua sue sugl sugli sui sul sull sulla sulle sullo suo suoi ti tra tu tua tue tuo tuoi "
        "tutti tutto un una uno vi voi vostra vostre vostri vostro"),
    // pt
    std::string_view(
        "a ao aos aquela aquelas aquele aqueles aquilo as ate com como da das de dela delas dele deles "
        "depois "
        "do dos e ela elas ele eles em entre era eram eramos essa essas esse esses esta estamos estao estas "
        "estava estavam estavamos este esteja estejam estejamos estes esteve estive estivemos estiver "
        "estivera estiveram estiveramos estiverem estivermos estivesse estivessem estivessemos estou eu foi "
        "fomos for fora foram foramos forem formos fosse fossem fossemos fui ha haja hajam hajamos hao "
        "havemos hei houve houvemos houver houvera houveram houveramos houverao houverei houverem houveremos "
        "houveria houveriam houveriamos houvermos houvesse houvessem houvessemos isso isto ja lhe lhes mais "
        "mas me mesmo meu meus minha minhas muito na nao nas nem no nos nossa nossas nosso nossos num numa o "
        "os ou para pela pelas pelo pelos por qual quando que quem sao se seja sejam sejamos sem sera serao "
        "serei seremos seria seriam seriamos seu seus so somos sou sua suas tambem te tem temos tenha tenham "
        "tenhamos tenho tera terao terei teremos teria teriam teriamos teu teus teve tinha tinham tinhamos "
        "tive tivemos tiver tivera tiveram tiveramos tiverem tivermos tivesse tivessem tivessemos tu tua "
        "tuas "
        "um uma voce voces vos"),
    // nl
    std::string_view(
        "aan al alles als altijd andere ben bij daar dan dat de der deze die dit doch doen door dus een eens "
        "en er ge geen geweest haar had heb hebben heeft hem het hier hij hoe hun iemand iets ik in is ja je "
        "kan kon kunnen maar me meer men met mij mijn moet na naar niet niets nog nu of om omdat onder ons "
        "ook op over reeds te tegen toch toen tot u uit uw van veel voor waarom want waren was wat werd "
        "wezen "
        "wie wil worden wordt zal ze zelf zich zij zijn zo zonder zou"),
    // sv
    std::string_view(
        "alla allt an ar at att av blev bli blir blivit da dar de dem den denna deras dess dessa det detta "
        "dig din dina ditt du efter ej eller en er era ert ett for fran ha hade han hans har henne hennes "
        "hon "
        "honom hur i icke ingen inom inte jag ju kan kunde man med mellan men mig min mina mitt mot mycket "
        "nagon nagot nagra nar ni nu och om oss over pa sa sadan sadana sadant samma sedan sig sin sina "
        "sitta "
        "sjalv skulle som till under upp ut utan vad var vara varfor varit varje vars vart vem vi vid vilka "
        "vilkas vilken vilket"),
    // da
    std::string_view(
        "ad af alle alt anden at blev blive bliver da de dem den denne der deres det dette dig din disse dog "
        "du efter eller en end er et for fra ham han hans har havde have hende hendes her hos hun hvad hvis "
        "hvor i ikke ind jeg jer jo kunne man mange med meget men mig min mine mit mod nar ned noget nogle "
        "nu "
        "og ogsa om op os over pa sadan selv sig sin sine sit skal skulle som thi til ud under vaere vaeret "
        "var vi vil ville vor"),
    // no
    std::string_view(
        "a alle at av bade bae bare begge ble blei bli blir blitt da de deg dei deim deira deires dem den "
        "denne der dere deres det dette di din disse ditt du dykk dykkar eg ein eit eitt eller elles en enn "
        "er et ett etter for fordi fra ha hadde han hans har hennar henne hennes her hja ho hoe honom hoss "
        "hossen hun hva hvem hver hvilke hvilken hvis hvor hvordan hvorfor i ikke ikkje ingen ingi inkje inn "
        "inni ja jeg kan kom korleis korso kun kunne kva kvar kvarhelst kven kvi kvifor man mange me med "
        "medan meg meget mellom men mi min mine mitt mot mykje na nar ned no noe noen noka noko nokon nokor "
        "nokre og ogsa om opp oss over pa sa samme sann seg selv si sia sidan siden sin sine sitt sjol skal "
        "skulle slik so som somme somt til um upp ut uten vaere vaert var vart varte ved vere verte vi vil "
        "ville vore vors vort"),
    // fi
    std::string_view(
        "ei eivat emme en et etta ette han haneen hanella hanelle hanelta hanen hanessa hanesta hanet hanta "
        "he heidan heidat heihin heilla heille heilta heissa heista heita itse ja johon joiden joihin joiksi "
        "joilla joille joilta joina joissa joista joita joka joksi jolla jolle jolta jona jonka jos jossa "
        "josta jota jotka kanssa keiden keihin keiksi keilla keille keilta keina keissa keista keita keneen "
        "keneksi kenella kenelle kenelta kenen kenena kenessa kenesta kenet keta ketka koska kuin kuka kun "
        "me "
        "meidan meidat meihin meilla meille meilta meissa meista meita mihin mika miksi milla mille milta "
        "mina minka minua minulla minulle minulta minun minussa minusta minut minuun missa mista mita mitka "
        "mukaan mutta naiden naihin naiksi nailla naille nailta naina naissa naista naita nama ne niiden "
        "niihin niiksi niilla niille niilta niin niina niissa niista niita noiden noihin noiksi noilla "
        "noille "
        "noilta noin noina noissa noista noita nuo nyt ole olemme olen olet olette oli olimme olin olisi "
        "olisimme olisin olisit olisitte olisivat olit olitte olivat olla olleet ollut on ovat poikki se "
        "seka "
        "sen siihen siina siita siksi silla sille silta sina sinua sinulla sinulle sinulta sinun sinussa "
        "sinusta sinut sinuun sita tahan tai taksi talla talle talta tama taman tana tassa tasta tata te "
        "teidan teidat teihin teilla teille teilta teissa teista teita tuo tuohon tuoksi tuolla tuolle "
        "tuolta "
        "tuon tuona tuossa tuosta tuota vaan vai vaikka yli"),
    // hu
    std::string_view(
        "a abban ahhoz ahogy ahol aki akik akkor alatt altal altalaban amely amelyek amelyekben amelyeket "
        "amelyet amelynek ami amig amikor amit amolyan annak arra arrol at az azert azok azon azonban azt "
        "aztan azutan azzal bar be belul benne cikk cikkek cikkeket csak de e ebben eddig egesz egy egyeb "
        "egyes egyetlen egyik egyre ehhez ekkor el eleg ellen elo eloszor elott elso emilyen en ennek eppen "
        "erre es ez ezek ezen ezert ezt ezzel fel fele hanem hiszen hogy hogyan igen igy ill ill. illetve "
        "ilyen ilyenkor ismet ison itt jo jobban jol kell kellett keressunk keresztul ki kivul kozott kozul "
        "legalabb legyen lehet lehetett lenne lenni lesz lett maga magat majd mar mas masik meg mellett mely "
        "melyek mert mi miert mig mikor milyen minden mindenki mindent mindig mint mintha mit mivel most "
        "nagy "
        "nagyobb nagyon ne neha nehany nekem neki nelkul nem nincs o ok oket olyan ossze ott pedig persze ra "
        "sajat sem semmi sok sokat sokkal szamara szemben szerint szinte talan tehat teljes tobb tovabb "
        "tovabba ugy ugyanis uj ujabb ujra utan utana utolso vagy vagyis vagyok valaki valami valamint valo "
        "van vannak vele vissza viszont volna volt voltak voltam voltunk"),
    // tr
    std::string_view(
        "acaba ama aslinda az bazi belki biri birkac birsey biz bu cok cunku da daha de defa diye eger en "
        "gibi hem hep hepsi her hic icin ile ise kez ki kim mi mu nasil ne neden nerde nerede nereye nicin "
        "niye o sanki sey siz su tum ve veya ya yani"),
    // ru
    std::string_view(
        "без более больше будет будто бы был была были было быть в вам вас вдруг ведь во вот впрочем все "
        "всегда всего всех всю вы где да даже два для до другои его ее еи ему если есть еще ж же за зачем "
        "здесь и из или им иногда их к как какая какои когда конечно кто куда ли лучше между меня мне много "
        "может можно мои моя мы на над надо наконец нас не него нее неи нельзя нет ни нибудь никогда ним них "
        "ничего но ну о об один он она они опять от перед по под после потом потому почти при про раз разве "
        "с "
        "сам свою себе себя сеичас со совсем так такои там тебя тем теперь то тогда того тоже только том тот "
        "три тут ты у уж уже хорошо хоть чего чем через что чтоб чтобы чуть эти этого этои этом этот эту я"),
};
// The languages of the lists, as BCP 47 has them.
constexpr std::array<std::string_view, kLists.size()> kLanguages = {"en", "de", "fr", "es", "it", "pt", "nl",
                                                                    "sv", "da", "no", "fi", "hu", "tr", "ru"};
// Other languages than English share short words with it ("car", "die"): one of them proves nothing.
constexpr size_t kProof = 2;

// The lists that a word is on, as bits.
using Lists = absl::flat_hash_map<std::string_view, uint32_t>;

const Lists& AllLists() {
  static const Lists& lists = *[] {
    auto* made = new Lists;
    for (size_t list = 0; list < kLists.size(); ++list) {
      for (std::string_view left = kLists[list]; !left.empty();) {
        const size_t end = std::min(left.find(' '), left.size());
        (*made)[left.substr(0, end)] |= 1u << list;
        left.remove_prefix(std::min(end + 1, left.size()));
      }
    }
    return made;
  }();
  return lists;
}

}  // namespace

std::vector<bool> StopWords(std::span<const std::string> words) {
  std::vector<uint32_t> on;
  std::array<size_t, kLists.size()> counts = {};
  for (const std::string& word : words) {
    const auto found = AllLists().find(word);
    on.push_back(found == AllLists().end() ? 0 : found->second);
    for (size_t list = 0; list < kLists.size(); ++list) counts[list] += on.back() >> list & 1;
  }
  for (size_t list = 1; list < kLists.size(); ++list) {
    if (counts[list] < kProof) counts[list] = 0;
  }
  const auto most = std::max_element(counts.begin(), counts.end());
  const auto list = static_cast<size_t>(most - counts.begin());
  std::vector<bool> stops(words.size());
  if (*most == words.size()) return stops;
  for (size_t i = 0; i < words.size(); ++i) stops[i] = (on[i] >> list & 1) != 0;
  return stops;
}

bool IsStopWord(std::string_view word, std::string_view language) {
  const std::string primary = Lower(language.substr(0, language.find('-')));
  const auto code = std::find(kLanguages.begin(), kLanguages.end(), primary);
  const auto found = AllLists().find(word);
  return code != kLanguages.end() && found != AllLists().end() &&
         (found->second >> (code - kLanguages.begin()) & 1) != 0;
}

}  // namespace finalmile::text
