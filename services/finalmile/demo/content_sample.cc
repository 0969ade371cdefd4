#include "services/finalmile/demo/content_sample.h"

namespace finalmile::cli {
namespace {

constexpr SamplePage kPages[] = {
    {"battle-cards/acme.md", R"(---
title: Against Acme Planner
kind: battle-card
owner: mia
summary: What Acme says about price and roll-out, and what we answer.
competitors: Acme
products: Harbor
stages: [evaluation, closing]
competitor: Acme
claims:
  - claim: Acme costs a third less.
    answer: In the first year. With the add-ons that everybody needs it costs a fifth more over three.
  - claim: Acme is live in a week.
    answer: With one team. Ask for a customer of your size and how long the second team took.
---
# Against Acme Planner

Acme wins where one team buys for itself and price is the only question. It loses where several sites have to plan
together.

## When pricing comes up

Do not defend our price. Ask what an idle crew costs in an hour, and let them do the sum. Pricing objections end where
the cost of doing nothing is on the table.
)"},
    {"battle-cards/spreadsheets.md", R"(---
title: Against spreadsheets
kind: battle-card
owner: mia
summary: Most deals are lost to the sheet that they have.
competitors: Spreadsheets
products: Harbor
stages: discovery
competitor: Spreadsheets
claims:
  - claim: The sheet costs nothing.
    answer: Two planners keep it up by hand, a day a week each.
---
# Against spreadsheets

Nobody likes the sheet, everybody knows it. Ask who may change it on a Friday evening, and what happened the last time.
)"},
    {"emails/after-pricing-page.md", R"(---
title: After a visit to the pricing page
kind: email-template
owner: mia
summary: Short, one question, no attachment.
products: Harbor
stages: prospecting
situations: pricing
subject: "What an idle hour costs {{company}}"
merge_fields:
  first_name: {description: of the person you write to}
  company:
  sender: Kim
---
Dear {{first_name}},

planning teams of the size of {{company}} tell us that the price of planning software is not what they lose sleep over:
it is crews that wait. Lakeside Ports halved that time within a quarter.

Is it worth twenty minutes to see what an idle hour costs you?

{{sender}}
)"},
    {"emails/after-webinar.md", R"(---
title: After the webinar
kind: email-template
owner: mia
products: Harbor
stages: discovery
situations: webinar
subject: The question that was left over, {{first_name}}
merge_fields: [first_name, question]
---
Dear {{first_name}},

time was short on Thursday and your question stayed open: {{question}}

I can show you the answer with your own plan. Would Tuesday or Wednesday suit you?
)"},
    {"scripts/pricing-objection.md", R"(---
title: When they say it is too expensive
kind: phone-script
owner: rob
summary: The pricing objection, from the first sigh to the next step.
products: Harbor
stages: evaluation
situations: pricing
opening: You said that the price is a problem. Compared with what?
questions:
  - What does an hour in which a crew waits cost you?
  - How many of those hours were there last month?
objections:
  - objection: We have no budget this year.
    answer: Then let us find out what waiting until next year costs, and for whom.
  - objection: Acme is cheaper.
    answer: In the first year it is. May I show you the third?
---
# When they say it is too expensive

Objections to pricing are questions about value that were not asked. Let silence work after each of yours.
)"},
    {"scripts/voicemail.md", R"(---
title: Voicemail after a demo request
kind: voicemail-script
owner: rob
stages: prospecting
call_back_line: You reach me until six on the number that you see.
---
You asked to see Harbor. I have three sites of your size ready to show, and eleven minutes are enough to know whether it
is worth more of your time.
)"},
    {"letters/chief-operating-officer.md", R"(---
title: Letter to a chief operating officer
kind: vito-letter
owner: mia
personas: COO
stages: prospecting
benefit: 14 % fewer idle hours within 90 days
call_time: "{{call_time}}"
merge_fields: [last_name, company, call_time]
---
Dear {{last_name}},

three port operators have cut the hours in which crews wait by 14 % within 90 days, without hiring a planner. If this is
of no interest to {{company}}, your assistant can stop me: I will call on {{call_time}}.
)"},
    {"case-studies/lakeside-ports.md", R"(---
title: Lakeside Ports halves waiting time
kind: case-study
owner: mia
summary: Four terminals plan together and crews wait half as long.
industries: Logistics
products: Harbor
stages: [discovery, evaluation]
customer: Lakeside Ports
industry: Logistics
before: Each of four terminals planned by itself, in a sheet.
after: One plan for all four, changed by whoever stands at the quay.
result: Waiting time fell from 46 to 22 minutes per shift.
---
# Lakeside Ports halves waiting time

The pilot ran at one terminal for six weeks. Pricing was never the question: the second terminal asked to be let in
before the pilot had ended.
)"},
    {"sheets/harbor.md", R"(---
title: Harbor at a glance
kind: product-sheet
owner: mia
summary: One page on what Harbor does and what it needs.
products: Harbor
stages: discovery
product: Harbor
link: https://content.example/harbor.pdf
---
# Harbor at a glance

Plans crews across sites, on the machines that you have. Reads the plan that you keep today.
)"},
    {"training/value-before-price.md", R"(---
title: Value before price
kind: message-training
owner: rob
audience: setters
stages: [discovery, evaluation]
messages:
  - An idle hour has a price; ask for it before you name ours.
  - Three years, not one.
---
# Value before price

Reps who name the price first meet pricing objections in seven of ten calls; those who ask for the cost of waiting, in
two.
)"},
};

}  // namespace

std::span<const SamplePage> SamplePages() { return kPages; }

}  // namespace finalmile::cli
