use es_core::{Aggregate, Apply, Context, event};

#[event(version = 1)]
pub struct E0;

#[event(version = 1)]
pub struct E1;

#[event(version = 1)]
pub struct E2;

#[event(version = 1)]
pub struct E3;

#[event(version = 1)]
pub struct E4;

#[event(version = 1)]
pub struct E5;

#[event(version = 1)]
pub struct E6;

#[event(version = 1)]
pub struct E7;

#[event(version = 1)]
pub struct E8;

#[event(version = 1)]
pub struct E9;

#[event(version = 1)]
pub struct E10;

#[event(version = 1)]
pub struct E11;

#[event(version = 1)]
pub struct E12;

#[event(version = 1)]
pub struct E13;

#[event(version = 1)]
pub struct E14;

#[event(version = 1)]
pub struct E15;

#[event(version = 1)]
pub struct E16;

#[event(version = 1)]
pub struct E17;

#[event(version = 1)]
pub struct E18;

#[event(version = 1)]
pub struct E19;

#[event(version = 1)]
pub struct E20;

#[event(version = 1)]
pub struct E21;

#[event(version = 1)]
pub struct E22;

#[event(version = 1)]
pub struct E23;

#[event(version = 1)]
pub struct E24;

#[event(version = 1)]
pub struct E25;

#[event(version = 1)]
pub struct E26;

#[event(version = 1)]
pub struct E27;

#[event(version = 1)]
pub struct E28;

#[event(version = 1)]
pub struct E29;

#[event(version = 1)]
pub struct E30;

#[event(version = 1)]
pub struct E31;

#[event(version = 1)]
pub struct E32;

#[event(version = 1)]
pub struct E33;

#[event(version = 1)]
pub struct E34;

#[event(version = 1)]
pub struct E35;

#[event(version = 1)]
pub struct E36;

#[event(version = 1)]
pub struct E37;

#[event(version = 1)]
pub struct E38;

#[event(version = 1)]
pub struct E39;

#[event(version = 1)]
pub struct E40;

#[event(version = 1)]
pub struct E41;

#[event(version = 1)]
pub struct E42;

#[event(version = 1)]
pub struct E43;

#[event(version = 1)]
pub struct E44;

#[event(version = 1)]
pub struct E45;

#[event(version = 1)]
pub struct E46;

#[event(version = 1)]
pub struct E47;

#[event(version = 1)]
pub struct E48;

#[event(version = 1)]
pub struct E49;

#[event(version = 1)]
pub struct E50;

#[event(version = 1)]
pub struct E51;

#[event(version = 1)]
pub struct E52;

#[event(version = 1)]
pub struct E53;

#[event(version = 1)]
pub struct E54;

#[event(version = 1)]
pub struct E55;

#[event(version = 1)]
pub struct E56;

#[event(version = 1)]
pub struct E57;

#[event(version = 1)]
pub struct E58;

#[event(version = 1)]
pub struct E59;

#[event(version = 1)]
pub struct E60;

#[event(version = 1)]
pub struct E61;

#[event(version = 1)]
pub struct E62;

#[event(version = 1)]
pub struct E63;

#[event(version = 1)]
pub struct E64;

#[event(version = 1)]
pub struct E65;

#[event(version = 1)]
pub struct E66;

#[event(version = 1)]
pub struct E67;

#[event(version = 1)]
pub struct E68;

#[event(version = 1)]
pub struct E69;

#[event(version = 1)]
pub struct E70;

#[event(version = 1)]
pub struct E71;

#[event(version = 1)]
pub struct E72;

#[event(version = 1)]
pub struct E73;

#[event(version = 1)]
pub struct E74;

#[event(version = 1)]
pub struct E75;

#[event(version = 1)]
pub struct E76;

#[event(version = 1)]
pub struct E77;

#[event(version = 1)]
pub struct E78;

#[event(version = 1)]
pub struct E79;

#[event(version = 1)]
pub struct E80;

#[event(version = 1)]
pub struct E81;

#[event(version = 1)]
pub struct E82;

#[event(version = 1)]
pub struct E83;

#[event(version = 1)]
pub struct E84;

#[event(version = 1)]
pub struct E85;

#[event(version = 1)]
pub struct E86;

#[event(version = 1)]
pub struct E87;

#[event(version = 1)]
pub struct E88;

#[event(version = 1)]
pub struct E89;

#[event(version = 1)]
pub struct E90;

#[event(version = 1)]
pub struct E91;

#[event(version = 1)]
pub struct E92;

#[event(version = 1)]
pub struct E93;

#[event(version = 1)]
pub struct E94;

#[event(version = 1)]
pub struct E95;

#[event(version = 1)]
pub struct E96;

#[event(version = 1)]
pub struct E97;

#[event(version = 1)]
pub struct E98;

#[event(version = 1)]
pub struct E99;

#[event(version = 1)]
pub struct E100;

#[event(version = 1)]
pub struct E101;

#[event(version = 1)]
pub struct E102;

#[event(version = 1)]
pub struct E103;

#[event(version = 1)]
pub struct E104;

#[event(version = 1)]
pub struct E105;

#[event(version = 1)]
pub struct E106;

#[event(version = 1)]
pub struct E107;

#[event(version = 1)]
pub struct E108;

#[event(version = 1)]
pub struct E109;

#[event(version = 1)]
pub struct E110;

#[event(version = 1)]
pub struct E111;

#[event(version = 1)]
pub struct E112;

#[event(version = 1)]
pub struct E113;

#[event(version = 1)]
pub struct E114;

#[event(version = 1)]
pub struct E115;

#[event(version = 1)]
pub struct E116;

#[event(version = 1)]
pub struct E117;

#[event(version = 1)]
pub struct E118;

#[event(version = 1)]
pub struct E119;

#[event(version = 1)]
pub struct E120;

#[event(version = 1)]
pub struct E121;

#[event(version = 1)]
pub struct E122;

#[event(version = 1)]
pub struct E123;

#[event(version = 1)]
pub struct E124;

#[event(version = 1)]
pub struct E125;

#[event(version = 1)]
pub struct E126;

#[event(version = 1)]
pub struct E127;

#[event(version = 1)]
pub struct E128;

#[event(version = 1)]
pub struct E129;

#[event(version = 1)]
pub struct E130;

#[event(version = 1)]
pub struct E131;

#[event(version = 1)]
pub struct E132;

#[event(version = 1)]
pub struct E133;

#[event(version = 1)]
pub struct E134;

#[event(version = 1)]
pub struct E135;

#[event(version = 1)]
pub struct E136;

#[event(version = 1)]
pub struct E137;

#[event(version = 1)]
pub struct E138;

#[event(version = 1)]
pub struct E139;

#[event(version = 1)]
pub struct E140;

#[event(version = 1)]
pub struct E141;

#[event(version = 1)]
pub struct E142;

#[event(version = 1)]
pub struct E143;

#[event(version = 1)]
pub struct E144;

#[event(version = 1)]
pub struct E145;

#[event(version = 1)]
pub struct E146;

#[event(version = 1)]
pub struct E147;

#[event(version = 1)]
pub struct E148;

#[event(version = 1)]
pub struct E149;

#[event(version = 1)]
pub struct E150;

#[event(version = 1)]
pub struct E151;

#[event(version = 1)]
pub struct E152;

#[event(version = 1)]
pub struct E153;

#[event(version = 1)]
pub struct E154;

#[event(version = 1)]
pub struct E155;

#[event(version = 1)]
pub struct E156;

#[event(version = 1)]
pub struct E157;

#[event(version = 1)]
pub struct E158;

#[event(version = 1)]
pub struct E159;

#[event(version = 1)]
pub struct E160;

#[event(version = 1)]
pub struct E161;

#[event(version = 1)]
pub struct E162;

#[event(version = 1)]
pub struct E163;

#[event(version = 1)]
pub struct E164;

#[event(version = 1)]
pub struct E165;

#[event(version = 1)]
pub struct E166;

#[event(version = 1)]
pub struct E167;

#[event(version = 1)]
pub struct E168;

#[event(version = 1)]
pub struct E169;

#[event(version = 1)]
pub struct E170;

#[event(version = 1)]
pub struct E171;

#[event(version = 1)]
pub struct E172;

#[event(version = 1)]
pub struct E173;

#[event(version = 1)]
pub struct E174;

#[event(version = 1)]
pub struct E175;

#[event(version = 1)]
pub struct E176;

#[event(version = 1)]
pub struct E177;

#[event(version = 1)]
pub struct E178;

#[event(version = 1)]
pub struct E179;

#[event(version = 1)]
pub struct E180;

#[event(version = 1)]
pub struct E181;

#[event(version = 1)]
pub struct E182;

#[event(version = 1)]
pub struct E183;

#[event(version = 1)]
pub struct E184;

#[event(version = 1)]
pub struct E185;

#[event(version = 1)]
pub struct E186;

#[event(version = 1)]
pub struct E187;

#[event(version = 1)]
pub struct E188;

#[event(version = 1)]
pub struct E189;

#[event(version = 1)]
pub struct E190;

#[event(version = 1)]
pub struct E191;

#[event(version = 1)]
pub struct E192;

#[event(version = 1)]
pub struct E193;

#[event(version = 1)]
pub struct E194;

#[event(version = 1)]
pub struct E195;

#[event(version = 1)]
pub struct E196;

#[event(version = 1)]
pub struct E197;

#[event(version = 1)]
pub struct E198;

#[event(version = 1)]
pub struct E199;

#[derive(Aggregate, Default)]
#[aggregate(events(
    E0,
    E1,
    E2,
    E3,
    E4,
    E5,
    E6,
    E7,
    E8,
    E9,
    E10,
    E11,
    E12,
    E13,
    E14,
    E15,
    E16,
    E17,
    E18,
    E19,
    E20,
    E21,
    E22,
    E23,
    E24,
    E25,
    E26,
    E27,
    E28,
    E29,
    E30,
    E31,
    E32,
    E33,
    E34,
    E35,
    E36,
    E37,
    E38,
    E39,
    E40,
    E41,
    E42,
    E43,
    E44,
    E45,
    E46,
    E47,
    E48,
    E49,
    E50,
    E51,
    E52,
    E53,
    E54,
    E55,
    E56,
    E57,
    E58,
    E59,
    E60,
    E61,
    E62,
    E63,
    E64,
    E65,
    E66,
    E67,
    E68,
    E69,
    E70,
    E71,
    E72,
    E73,
    E74,
    E75,
    E76,
    E77,
    E78,
    E79,
    E80,
    E81,
    E82,
    E83,
    E84,
    E85,
    E86,
    E87,
    E88,
    E89,
    E90,
    E91,
    E92,
    E93,
    E94,
    E95,
    E96,
    E97,
    E98,
    E99,
    E100,
    E101,
    E102,
    E103,
    E104,
    E105,
    E106,
    E107,
    E108,
    E109,
    E110,
    E111,
    E112,
    E113,
    E114,
    E115,
    E116,
    E117,
    E118,
    E119,
    E120,
    E121,
    E122,
    E123,
    E124,
    E125,
    E126,
    E127,
    E128,
    E129,
    E130,
    E131,
    E132,
    E133,
    E134,
    E135,
    E136,
    E137,
    E138,
    E139,
    E140,
    E141,
    E142,
    E143,
    E144,
    E145,
    E146,
    E147,
    E148,
    E149,
    E150,
    E151,
    E152,
    E153,
    E154,
    E155,
    E156,
    E157,
    E158,
    E159,
    E160,
    E161,
    E162,
    E163,
    E164,
    E165,
    E166,
    E167,
    E168,
    E169,
    E170,
    E171,
    E172,
    E173,
    E174,
    E175,
    E176,
    E177,
    E178,
    E179,
    E180,
    E181,
    E182,
    E183,
    E184,
    E185,
    E186,
    E187,
    E188,
    E189,
    E190,
    E191,
    E192,
    E193,
    E194,
    E195,
    E196,
    E197,
    E198,
    E199,
))]
pub struct Account;

macro_rules! apply {
    ($($event:ident)*) => {$(
        impl Apply<$event> for Account {
            fn apply(&mut self, _: $event, _: &Context) {}
        }
    )*};
}

apply! {
    E0 E1 E2 E3 E4 E5 E6 E7 E8 E9 E10 E11 E12 E13 E14 E15 E16 E17 E18 E19
    E20 E21 E22 E23 E24 E25 E26 E27 E28 E29 E30 E31 E32 E33 E34 E35 E36 E37 E38 E39
    E40 E41 E42 E43 E44 E45 E46 E47 E48 E49 E50 E51 E52 E53 E54 E55 E56 E57 E58 E59
    E60 E61 E62 E63 E64 E65 E66 E67 E68 E69 E70 E71 E72 E73 E74 E75 E76 E77 E78 E79
    E80 E81 E82 E83 E84 E85 E86 E87 E88 E89 E90 E91 E92 E93 E94 E95 E96 E97 E98 E99
    E100 E101 E102 E103 E104 E105 E106 E107 E108 E109 E110 E111 E112 E113 E114 E115 E116 E117 E118 E119
    E120 E121 E122 E123 E124 E125 E126 E127 E128 E129 E130 E131 E132 E133 E134 E135 E136 E137 E138 E139
    E140 E141 E142 E143 E144 E145 E146 E147 E148 E149 E150 E151 E152 E153 E154 E155 E156 E157 E158 E159
    E160 E161 E162 E163 E164 E165 E166 E167 E168 E169 E170 E171 E172 E173 E174 E175 E176 E177 E178 E179
    E180 E181 E182 E183 E184 E185 E186 E187 E188 E189 E190 E191 E192 E193 E194 E195 E196 E197 E198 E199
}

fn main() {
    fn is_aggregate<A: es_core::Aggregate>() {}
    is_aggregate::<Account>();
}
